// Never writes what the backend has redacted into a document, because its placeholders stand for
// values that only the document has.

const MARK = /<[A-Z0-9_]+_[0-9]+>|\[[A-Za-z0-9][\w ./-]{0,60} removed\]/g;

/** Fails if the code has a mark of redaction that is not in the document. */
export function refuseRedacted(code: string, document: string): void {
  const marks = [...new Set(code.match(MARK) ?? [])].filter((mark) => !document.includes(mark));
  if (marks.length > 0) {
    throw new Error(
      `the code has ${marks.join(", ")} where a value was kept back from the model. Copy it, and put the value in by hand.`,
    );
  }
}
