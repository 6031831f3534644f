import { startEjabberd, startProsody } from "#kit";
import { runClientSuite } from "./client-suite.js";
import { startStandInDictionary } from "./stand-in-dictionary.js";

runClientSuite({
	name: "Prosody",
	needs: ["prosody"],
	startServer: startProsody,
	startDictionary: startStandInDictionary,
});
runClientSuite({
	name: "ejabberd",
	needs: ["ejabberd"],
	startServer: startEjabberd,
	startDictionary: startStandInDictionary,
});
