// The terminal draws with style elements that it writes itself, which the server's content policy forbids. Here such an
// element is handed out as an inert one whose text becomes a constructed style sheet: those are allowed.

/** The document as the terminal sees it. */
export function styledDocument(real: Document): Document {
  const get = (target: Document, key: string | symbol): unknown => {
    if (key === "createElement") return (name: string) => (name === "style" ? sheetElement(target) : target.createElement(name));
    const value: unknown = Reflect.get(target, key, target);
    // The document's own functions want the real document as their `this`; classes must stay classes.
    return typeof value === "function" && !Object.hasOwn(value, "prototype") ? (value.bind(target) as unknown) : value;
  };
  return new Proxy(real, { get: (target, key) => get(target, key), set: (target, key, value) => Reflect.set(target, key, value, target) });
}

function sheetElement(real: Document): HTMLElement {
  const element = real.createElement("template");
  const sheet = new CSSStyleSheet();
  let isAdopted = false;
  const adopt = () => {
    if (element.isConnected === isAdopted) return;
    isAdopted = element.isConnected;
    const others = real.adoptedStyleSheets.filter((one) => one !== sheet);
    real.adoptedStyleSheets = isAdopted ? [...others, sheet] : others;
  };
  Object.defineProperty(element, "textContent", {
    get: () => "",
    set: (text: string) => {
      sheet.replaceSync(text);
      // The element is put into the page after it is made: look when that is done.
      queueMicrotask(adopt);
    },
  });
  Object.defineProperty(element, "sheet", { get: () => sheet });
  const remove = element.remove.bind(element);
  element.remove = () => {
    remove();
    adopt();
  };
  return element;
}
