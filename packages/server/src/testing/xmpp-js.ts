import * as clientModule from "@xmpp/client";
import * as componentModule from "@xmpp/component";

interface XmppJsElement {
	attrs: Record<string, string>;
	getChild(name: string, ns?: string): XmppJsElement | undefined;
	getChildText(name: string): string | null;
}

interface XmppJsEntity {
	start(): Promise<{ toString(): string }>;
	stop(): Promise<unknown>;
	send(element: XmppJsElement): Promise<void>;
	on(event: "stanza", listener: (stanza: XmppJsElement) => void): void;
	on(event: "error", listener: (error: Error) => void): void;
	iqCaller: {
		get(child: XmppJsElement, to?: string, timeoutMs?: number): Promise<XmppJsElement | undefined>;
		set(child: XmppJsElement, to?: string, timeoutMs?: number): Promise<XmppJsElement | undefined>;
	};
	iqCallee: {
		get(ns: string, name: string, handler: (context: { stanza: XmppJsElement }) => XmppJsElement | true): void;
	};
	reconnect: { stop(): void };
}

/** The little of xmpp.js that its users see. It ships no types, and those of the link are of what lies below that. */
interface XmppJs {
	client(options: Record<string, unknown>): XmppJsEntity;
	component(options: Record<string, unknown>): XmppJsEntity;
	xml(name: string, attrs?: Record<string, string>, ...children: unknown[]): XmppJsElement;
}

export const { client, xml } = clientModule as unknown as Pick<XmppJs, "client" | "xml">;
export const { component, xml: componentXml } = componentModule as unknown as Pick<XmppJs, "component" | "xml">;
