import type { Journal, Write } from "@antiphon/delivery";
import type { MemoryDisk } from "@antiphon/delivery/testing";

export interface Told {
	readonly read: unknown;
	readonly after: readonly (readonly unknown[])[];
	readonly left: string;
}

export interface KeptJournal extends Told {
	/** By key, both in hexadecimal digits. */
	readonly records: Readonly<Record<string, string>>;
}

export declare const FOLDER: string;
export declare const STORIES: Readonly<Record<string, unknown>>;
export declare function setsKept(): number[];
export declare function kept(set: number, name: string): KeptJournal;
export declare function made(name: string): Promise<KeptJournal>;
export declare function playedOn(name: string, journal: Journal, maxWrites?: number): Promise<Told>;
export declare function changedForms(before: KeptJournal, after: KeptJournal): [key: string, record: string][];
export declare function diskOf(file: Pick<KeptJournal, "records">): MemoryDisk;
export declare function inMemory(disk: MemoryDisk): Journal;
export declare function bodiesOf(file: Pick<KeptJournal, "records">): Write[];
