// Turns Markdown into HTML, one block at a time. While an answer streams, only the blocks whose source
// changed are drawn again, so a selection or a focus further up stays. Needs no DOM.

import MarkdownIt from "markdown-it";

export interface Block {
  source: string;
  html: string;
}

const SAFE_LINK = /^(https?:\/\/|file:\/\/\/)/i;

const markdown = new MarkdownIt({ html: false, linkify: false });
// Images would need the network, which the page's policy forbids.
markdown.disable("image");
markdown.validateLink = (url) => SAFE_LINK.test(url);
// `[3]` is a reference to the third source; `[3](…)` is a link like any other.
markdown.inline.ruler.before("link", "citation", (state, silent) => {
  const found = /^\[(\d{1,3})\](?![([])/.exec(state.src.slice(state.pos, state.pos + 6));
  if (found?.[1] === undefined) {
    return false;
  }
  if (!silent) {
    const open = state.push("link_open", "a", 1);
    open.attrSet("href", `#citation-${found[1]}`);
    state.push("text", "", 0).content = `[${found[1]}]`;
    state.push("link_close", "a", -1);
  }
  state.pos += found[0].length;
  return true;
});

/** The blocks of `text`, in order. Joined, their HTML is that of the whole text. */
export function blocks(text: string): Block[] {
  const env = {};
  const lines = text.split("\n");
  const found: Block[] = [];
  let group: ReturnType<typeof markdown.parse> = [];
  for (const token of markdown.parse(text, env)) {
    group.push(token);
    // A block ends where its opening token is closed. A block without children is one token.
    if (token.level === 0 && token.nesting !== 1) {
      const [from, to] = group[0]?.map ?? [0, lines.length];
      found.push({
        source: lines.slice(from, to).join("\n"),
        html: markdown.renderer.render(group, markdown.options, env),
      });
      group = [];
    }
  }
  return found;
}
