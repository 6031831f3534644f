import { SERVERS } from "#kit";
import { runClientSuite } from "./client-suite.js";

runClientSuite(SERVERS[0]);
