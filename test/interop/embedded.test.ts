import { startEmbedded } from "#kit";
import { runClientSuite } from "./client-suite.js";

runClientSuite({ name: "the embedded server", startServer: startEmbedded });
