import { SERVERS } from "#kit";
import { runClientSuite } from "./client-suite.js";
import { runDomainSuite } from "./domain-suite.js";

runClientSuite(SERVERS[0]);
runDomainSuite(SERVERS[0]);
