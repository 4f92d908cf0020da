/** A run as people see it: the page's parser as the server hands it out, and the web page itself in a browser. */
import vm from "node:vm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventually } from "../eventually.ts";
import { Browser, chromium } from "./browser.ts";
import { Office } from "./office.ts";

let office: Office;
let agent: string;
let run: string;
beforeAll(async () => {
  office = await Office.open("paperclip-page");
  agent = await office.agent("Worker");
  const tool = { tool: "Bash", input: { command: "echo from the tool" } };
  run = (await office.nth(await office.issue(agent, [tool, { text: "All done." }]))).id;
  expect((await office.ended(run)).status).toBe("succeeded");
});
afterAll(() => office.close());

it("the parser that the server hands to the page reads the run's transcript", async () => {
  const source = await office.server.get<string>("/api/adapters/claude_k8s/ui-parser.js");
  const exports: { parseStdoutLine?: (line: string, ts: string) => { kind: string }[] } = {};
  // The names that the page's worker gives it.
  const worker = { exports, module: { exports }, self: {} };
  vm.runInNewContext(`"use strict";{${source}}`, worker);
  const stdout = await office.output(run, "stdout");
  const kinds = stdout
    .split("\n")
    .flatMap((line) => worker.module.exports.parseStdoutLine?.(line, "t").map(({ kind }) => kind) ?? []);
  // The first line is the host's own; how many states there are to tell is the cluster's affair.
  const isState = (kind: string): boolean => kind === "system";
  expect(kinds.filter(isState).length).toBeGreaterThan(1);
  expect(kinds.filter((kind) => !isState(kind))).toEqual([
    "stdout",
    "init",
    "tool_call",
    "tool_result",
    "assistant",
    "result",
  ]);
});

const program = chromium();
it.skipIf(program === undefined)("the web page shows the run with its tool and its answer", async () => {
  const { issuePrefix } = (await office.server.get<{ issuePrefix: string }[]>("/api/companies"))[0] ?? {
    issuePrefix: "",
  };
  const browser = await Browser.open(program ?? "", office.directory, "about:blank");
  try {
    await browser.go(`${office.server.url}/${issuePrefix}/agents/${agent}/runs/${run}`);
    let text = "";
    const isShown = (): boolean => text.includes("echo from the tool") && /succeeded/i.test(text);
    await eventually(
      () => `the page has the transcript; it has: ${text}`,
      async () => {
        text = await browser.text();
        return isShown();
      },
      90_000,
    );
    // The page shows an error under a red heading of this name.
    expect(text).not.toMatch(/^stderr$/m);
    const picture = process.env["PAGE_PICTURE"];
    if (picture === undefined) return;
    // It loads parts of itself again now and then: what the picture shows has to be there before and after.
    await eventually("a picture of the page with the transcript", async () => {
      text = await browser.text();
      const wasShown = isShown();
      await browser.picture(picture);
      text = await browser.text();
      return wasShown && isShown();
    });
  } finally {
    await browser.close();
  }
});
