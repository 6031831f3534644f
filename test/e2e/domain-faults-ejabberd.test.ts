import { SERVERS } from "#kit";
import { runDomainOver } from "./domain-over.js";

runDomainOver(SERVERS[2]);
