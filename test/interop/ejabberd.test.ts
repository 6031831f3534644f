import { startEjabberd } from "#kit";
import { runClientSuite } from "./client-suite.js";

runClientSuite({ name: "ejabberd", needs: ["ejabberd"], startServer: startEjabberd });
