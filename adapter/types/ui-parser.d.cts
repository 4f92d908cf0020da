/** One line of stdout as the entries of the web page's transcript; pure, and never throws. */
export declare function parseStdoutLine(
  line: string,
  ts: string,
): { kind: string; ts: string; [key: string]: unknown }[];
