/** MCP servers: the agent's own and those that Paperclip offers the run, as claude's --mcp-config wants them. */
import type { AdapterExecutionContext } from "@paperclipai/adapter-utils";
import type { Settings } from "./settings.ts";

/** JSON text, or undefined if there are none. It holds tokens. */
export function mcpConfig(ctx: AdapterExecutionContext, settings: Settings): string | undefined {
  const offered = (ctx.runtimeMcp?.getServers() ?? []).map(({ name, url, token }) => [
    name.trim().replace(/[^A-Za-z0-9_-]+/g, "-"),
    { type: "http", url: reachable(url, settings.apiUrl), headers: { Authorization: `Bearer ${token}` } },
  ]);
  const own = Object.entries(settings.mcpServers ?? {});
  if (offered.length + own.length === 0) return undefined;
  return JSON.stringify({ mcpServers: Object.fromEntries([...own, ...offered]) as unknown });
}

/** The host names itself by its own loopback address: a pod needs the one that it was told. */
function reachable(url: string, apiUrl: string | undefined): string {
  const base = apiUrl ?? process.env["PAPERCLIP_API_URL"];
  if (base === undefined || !URL.canParse(url) || !URL.canParse(base)) return url;
  const { hostname, pathname, search } = new URL(url);
  const isLoopback = hostname === "localhost" || hostname.startsWith("127.") || hostname === "[::1]";
  return isLoopback ? new URL(pathname + search, base).href : url;
}
