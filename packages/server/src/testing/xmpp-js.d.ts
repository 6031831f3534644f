/** The little of xmpp.js that the tests use; it ships no types. */
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

declare module "@xmpp/client" {
	export function client(options: Record<string, unknown>): XmppJsEntity;
	export function xml(name: string, attrs?: Record<string, string>, ...children: unknown[]): XmppJsElement;
}

declare module "@xmpp/component" {
	export function component(options: Record<string, unknown>): XmppJsEntity;
	export function xml(name: string, attrs?: Record<string, string>, ...children: unknown[]): XmppJsElement;
}
