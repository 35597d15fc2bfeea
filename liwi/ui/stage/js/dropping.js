// A picture that is dropped on the stage, or pasted while it is in sight, goes to the file component that opens pictures.

const IS_PICTURE = /^image\//;

function fileInput() {
  return STAGE_OPENS_BY ? document.querySelector(`#${CSS.escape(STAGE_OPENS_BY)} input[type=file]`) : null;
}

function chooseFile() {
  fileInput()?.click();
}

// The person decides where something would be lost.
function offer(files) {
  const [file] = files;
  ui.asking.hidden = true;
  if (!file) return;
  if (!IS_PICTURE.test(file.type)) refuse(`${file.name} is no picture: PNG, JPEG, WebP, TIFF, BMP, GIF and AVIF can be opened.`);
  else if (state.canvas && canUndo()) askToReplace(file);
  else openFile(file);
}

// The status line may be out of sight while nothing is open.
function refuse(words) {
  say(words, true);
  if (!state.canvas) ui.emptyText.textContent = words;
}

function openFile(file) {
  const input = fileInput(); // not there while another file is on its way
  if (state.busy || !input) return say("Wait until the work is done, or cancel it, before opening another picture.", true);
  const carried = new DataTransfer();
  carried.items.add(file);
  input.files = carried.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  ui.viewport.focus({ preventScroll: true }); // the next key is meant for the picture
  return say(`Opening ${file.name} …`);
}

function askToReplace(file) {
  ui.askingText.textContent = `Open ${file.name} in place of this picture? Its layers are not kept: export them first.`;
  ui.askingOpen.onclick = () => { ui.asking.hidden = true; openFile(file); };
  ui.asking.hidden = false;
  ui.askingOpen.focus();
}

function buildAsking() {
  const button = (text, className) => make("button", className, { type: "button", text });
  ui.askingText = make("span", "asking-text");
  ui.askingOpen = button("Open it", "choice strong");
  const keep = button("Keep this one", "choice");
  const close = () => { ui.asking.hidden = true; ui.viewport.focus(); };
  keep.addEventListener("click", close);
  ui.asking = make("div", "asking", { role: "alertdialog", "aria-label": "Open another picture", hidden: true }, [make("div", "busy-line", {}, [ui.askingText, ui.askingOpen, keep])]);
  ui.asking.addEventListener("keydown", (event) => { if (event.key === "Escape") handled(event, close); event.stopPropagation(); });
  ui.asking.addEventListener("pointerdown", (event) => event.stopPropagation());
  return ui.asking;
}

function carriesFiles(event) {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}

function showDropping(on) {
  ui.root.classList.toggle("dropping", on);
}

// A file that misses every place for it would make the browser leave the page, and with it the work.
function catchStray(event) {
  if (event.defaultPrevented || !carriesFiles(event) || event.target.closest?.("input[type=file]")) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "none";
}

function onPaste(event) {
  if (!ui.root.isConnected) return document.removeEventListener("paste", onPaste);
  const files = [...(event.clipboardData?.files ?? [])];
  if (ui.root.offsetParent === null || event.defaultPrevented || !files.length || isTyping(event.target)) return undefined;
  return handled(event, () => offer(files.filter(({ type }) => IS_PICTURE.test(type)).concat(files)));
}

function connectDropping() {
  window.addEventListener("dragover", catchStray);
  window.addEventListener("drop", catchStray);
  if (!STAGE_OPENS_BY) return;
  document.addEventListener("paste", onPaste);
  for (const name of ["dragenter", "dragover"]) {
    ui.root.addEventListener(name, (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = state.busy ? "none" : "copy";
      showDropping(!state.busy);
    });
  }
  ui.root.addEventListener("dragleave", (event) => { if (!ui.root.contains(event.relatedTarget)) showDropping(false); });
  ui.root.addEventListener("drop", (event) => {
    showDropping(false);
    if (carriesFiles(event)) handled(event, () => offer(event.dataTransfer.files));
  });
}
