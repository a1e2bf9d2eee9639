// The chat's page. Its content policy allows only our own script and style: no network, no images, no
// inline code. src/webview draws what the page shows.

/** `source` is the webview's own origin; `nonce` is new for every page. */
export function page(
  urls: { script: string; style: string; source: string },
  nonce: string,
): string {
  const policy = `default-src 'none'; style-src ${urls.source}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Glossator</title>
<link rel="stylesheet" href="${urls.style}">
</head>
<body>
<main>
<p id="connection" role="status" hidden></p>
<div id="transcript" role="log" aria-label="Conversation" tabindex="0"></div>
<p id="announcement" role="status" class="visually-hidden"></p>
<form id="composer">
<ul id="mentions" role="listbox" aria-label="Completions" hidden></ul>
<textarea id="prompt" rows="3" aria-label="Ask Glossator" aria-describedby="place"
 aria-controls="mentions" aria-autocomplete="list" aria-expanded="false" role="combobox"
 placeholder="Ask Glossator (Enter sends, @ and / complete)"></textarea>
<p class="bar"><span id="place"></span>
<button id="stop" type="button" hidden>Stop</button>
<button id="send" type="submit">Ask</button></p>
</form>
</main>
<script nonce="${nonce}" src="${urls.script}"></script>
</body>
</html>`;
}
