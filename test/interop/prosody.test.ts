import { startProsody } from "#kit";
import { runClientSuite } from "./client-suite.js";

runClientSuite({ name: "Prosody", needs: ["prosody"], startServer: startProsody });
