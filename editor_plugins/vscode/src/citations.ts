// The sources of an answer as addresses, and as Markdown. Pure.

import type { Citation } from "./protocol";

/** Names a line of a file as editors do, `#L7`. A page has fragments of its own. */
export function address({ uri, line }: Citation): string {
  return line === null || !uri.startsWith("file:") ? uri : `${uri}#L${line + 1}`;
}

/** A page, or a file of this machine. A file address with a host would be fetched from there. */
const SAFE = /^(https?:\/\/|file:\/\/\/)[^\s<>\\]+$/i;

/** A name or a message as plain words in Markdown: nothing in it is markup. */
export function plain(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_{}[\]<>()#+!|~&$@-]|(?<=[:/])\//g, "\\$&");
}

/** A message for a message box, which would draw `[words](command:…)` as a link that runs. */
export function words(text: string): string {
  return text.replaceAll("](", "] (");
}

/** An answer with the list of its sources, to which `[1]` refers, for places that draw Markdown. */
export function withSources(markdown: string, citations: readonly Citation[]): string {
  if (citations.length === 0) {
    return markdown;
  }
  const sources = citations.map((citation) => {
    const title = plain(citation.title);
    const to = address(citation);
    return `${citation.number}. ${SAFE.test(to) ? `[${title}](<${to}>)` : title}`;
  });
  return `${markdown}\n\n**Sources**\n\n${sources.join("\n")}`;
}
