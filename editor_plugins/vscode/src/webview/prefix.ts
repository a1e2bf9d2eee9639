// Finds what is being completed in a prompt. Pure.

/** The mention or slash command that ends at `caret`, if one is being typed there. */
export function prefixAt(text: string, caret: number): string {
  return /(?:^\/[\w-]*|(?:^|\s)(@[^\s]*))$/.exec(text.slice(0, caret))?.[0].trim() ?? "";
}
