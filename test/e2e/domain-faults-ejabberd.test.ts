import { SERVERS } from "#kit";
import { runDomainFaults } from "./domain-faults.js";

runDomainFaults(SERVERS[2]);
