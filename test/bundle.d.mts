export declare function bundle(packages?: string): Promise<void>;
