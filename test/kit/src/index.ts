export {
	accountEnvironment,
	antiphon,
	COMMAND,
	cleanEnvironment,
	type Environment,
	startAntiphon,
} from "./antiphon-command.js";
export { type BoundedText, boundedText } from "./bounded-text.js";
export { type CertificateOptions, makeCertificate, type ServerCertificate } from "./certificates.js";
export { livingGroups } from "./child-registry.js";
export { type ComponentLogin, componentHandshake, openComponent } from "./component-handshake.js";
export { DEED_CONCURRENCY, type DeedRun, deedHandlers, deeds, deedsIn, startDeedWorker } from "./deed-service.js";
export { startDictionary, startRegisteredDictionary } from "./dictionary.js";
export { type DictionaryWorld, startDictionaryWorld } from "./dictionary-world.js";
export { type DnsServer, startDnsServer } from "./dns-server.js";
export { startEjabberd } from "./ejabberd.js";
export { startEmbedded } from "./embedded.js";
export { freePort } from "./free-port.js";
export { appendLine, linesOf } from "./json-lines.js";
export { openClient, type PlainLogin, plainLogin } from "./plain-login.js";
export { type Child, type ChildExit, type ChildOptions, type Finished, runChild, startChild } from "./process.js";
export { type ProsodyOptions, startProsody } from "./prosody.js";
export { openRawStream, type RawStream, type RawStreamOptions, rawStreamHeader } from "./raw-stream.js";
export { available, installCommand, PYTHON, type Requirement, RUBY, serversRequired } from "./requirements.js";
export { SERVERS, type ServerKind } from "./servers.js";
export { probeStream, type StreamProbe } from "./stream-probe.js";
export { startTcpProxy, type TcpProxy, type TcpProxyOptions } from "./tcp-proxy.js";
export { type TempDir, tempDir } from "./temp-dir.js";
export { runsIn, startWorker, type WorkerOptions, work, workHandlers } from "./work-service.js";
export { BUS_STANZA_BYTES, type StartServer, type XmppServer, type XmppServerOptions } from "./xmpp-server.js";
