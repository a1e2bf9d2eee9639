// The sources of an answer as addresses, and as Markdown. Pure.

import type { Citation } from "./protocol";

/** A line of a file is named as editors do, `#L7`; a page has its own fragments. */
export function address({ uri, line }: Citation): string {
  return line === null || !uri.startsWith("file:") ? uri : `${uri}#L${line + 1}`;
}

/** An answer with the list of what its `[1]` refers to, for places that draw Markdown. */
export function withSources(markdown: string, citations: readonly Citation[]): string {
  if (citations.length === 0) {
    return markdown;
  }
  const sources = citations.map((citation) => {
    const title = citation.title.replaceAll(/[[\]\\`*_<>]/g, "\\$&");
    return `${citation.number}. [${title}](<${address(citation)}>)`;
  });
  return `${markdown}\n\n**Sources**\n\n${sources.join("\n")}`;
}
