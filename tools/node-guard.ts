/** The head of a bundle: exits with one line on a Node that is too old, before newer syntax fails. */

/** The last line of the head. */
export const endOfGuard = "/* end of the check of Node's version */";

/** Returns statements in ES5, which every Node can parse. They exit with code 1. */
export function nodeGuard(program: string, least: number): string {
  const needs = `error: ${program} needs Node.js ${least} or newer, and this is `;
  const advice = ": install a newer one, or put it first on PATH\\n";
  return `(function () {
  if (parseInt(process.version.slice(1), 10) >= ${least}) return;
  process.stderr.write(${JSON.stringify(needs)} + process.version + " (" + process.execPath + ")" + "${advice}");
  process.exit(1);
})();
${endOfGuard}`;
}
