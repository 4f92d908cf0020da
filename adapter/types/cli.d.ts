/** Prints one line of a run's stdout in words. */
export declare function formatStdoutEvent(line: string): void;
