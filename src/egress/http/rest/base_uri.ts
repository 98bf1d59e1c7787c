/**
 * The address of a consumer instance, as its client reaches this node: by the request that made it,
 * or as a gateway in front says it was asked (`Forwarded`, RFC 7239; `X-Forwarded-Host`, `-Proto`
 * and `-Path`).
 *
 * @module
 */

const HOST = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$/;

export function baseUriOf(request: Request, group: string, name: string): string {
  const { origin } = new URL(request.url);
  const path = forwardedPath(request) ?? `/consumers/${encodeURIComponent(group)}`;
  return `${forwardedOrigin(request) ?? origin}${path}/instances/${encodeURIComponent(name)}`;
}

/** What cannot be the origin of an address is passed over. */
function forwardedOrigin({ headers }: Request): string | null {
  // The first of several is the one next to the client.
  const [forwarded = ""] = (headers.get("forwarded") ?? "").split(",");
  const host = /(?:^|;)\s*host="?([^";]+)"?/i.exec(forwarded)?.[1] ??
    headers.get("x-forwarded-host");
  const protocol = /(?:^|;)\s*proto="?([^";]+)"?/i.exec(forwarded)?.[1] ??
    headers.get("x-forwarded-proto");
  if (host === null || protocol === null) return null;
  const scheme = protocol.trim().toLowerCase();
  if (!HOST.test(host.trim()) || (scheme !== "http" && scheme !== "https")) return null;
  return `${scheme}://${host.trim()}`;
}

function forwardedPath({ headers }: Request): string | null {
  const path = headers.get("x-forwarded-path");
  return path !== null && /^\/[!-~]{0,1000}$/.test(path) ? path.replace(/\/+$/, "") : null;
}
