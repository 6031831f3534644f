import { SERVERS } from "#kit";
import { runDurable } from "./durable.js";

runDurable(SERVERS[2]);
