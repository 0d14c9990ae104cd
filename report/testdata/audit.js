// What has to hold for a page, looked at in a browser. Its value is a list of what does not.
(() => {
  const problems = [];
  const say = (what, element) => problems.push(what + (element ? ": " + element.outerHTML.slice(0, 160) : ""));
  const folds = document.querySelectorAll("details");
  for (const fold of folds) fold.open = true; // what is folded away counts too

  // Nothing sticks out.
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) say("wider than the window of " + width + " pixels");
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest(".unseen, defs, .dot")) continue;
    const box = element.getBoundingClientRect();
    if (box.width > 0 && (box.right > width + 1 || box.left < -1)) { say("sticks out", element); break; }
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 &&
        getComputedStyle(element).display !== "inline" && !(element instanceof SVGElement)) {
      say("its text sticks out", element); break;
    }
  }

  // Landmarks, headings, names.
  if (!document.documentElement.lang) say("no language");
  if (!document.title.trim()) say("no title");
  for (const landmark of ["header", "main", "footer"]) {
    if (document.querySelectorAll("body > " + landmark).length !== 1) say("not one " + landmark);
  }
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) say("a heading skips a level", heading);
    if (!heading.textContent.trim()) say("a heading without words", heading);
    level = own;
  }
  if (document.querySelectorAll("h1").length !== 1) say("not one h1");
  for (const section of document.querySelectorAll("section")) {
    const label = document.getElementById(section.getAttribute("aria-labelledby"));
    if (!label || !label.textContent.trim()) say("a section without a name", section);
  }
  const seen = new Set();
  for (const { id } of document.querySelectorAll("[id]")) {
    if (seen.has(id)) say("the id stands twice: " + id);
    seen.add(id);
  }
  for (const link of document.querySelectorAll("a")) {
    const to = link.getAttribute("href") || "";
    if (!link.textContent.trim()) say("a link without words", link);
    if (!/^https?:\/\//.test(to) && !(to[0] === "#" && seen.has(to.slice(1)))) say("a link that leads nowhere", link);
  }
  for (const use of document.querySelectorAll("use")) {
    if (!seen.has(use.getAttribute("href").slice(1))) say("a sign that is not there", use);
  }
  for (const drawing of document.querySelectorAll("svg")) {
    const hidden = drawing.closest("[aria-hidden=true]");
    if (!hidden && !(drawing.getAttribute("role") === "img" && drawing.getAttribute("aria-label"))) {
      say("a drawing without words", drawing);
    }
  }
  for (const place of document.querySelectorAll(".place, tbody tr, .probe > summary")) {
    // A colour never stands alone: there is a sign with words, or words.
    if (!place.querySelector("[aria-label]") && !place.querySelector(".unseen")) say("a colour without words", place);
  }
  if (document.querySelector("script, iframe, img, object, embed, form, [style], [onclick], [onload]")) say("something that does not belong");

  // Contrast: WCAG 2.2, 1.4.3 of texts, 1.4.11 of what has a meaning without being text.
  const channels = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const clear = (color) => { const all = channels(color); return all.length > 3 && all[3] === 0; };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (!clear(backgroundColor)) return backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const told = new Set();
  const check = (what, color, background, least, element) => {
    const found = ratio(color, background);
    const key = what + color + background;
    if (found < least && !told.has(key)) { told.add(key); say(`${what} has a contrast of ${found.toFixed(2)}, ${color} on ${background}`, element); }
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || element.closest(".unseen, defs")) continue;
    const style = getComputedStyle(element);
    if (element.getBoundingClientRect().width === 0) continue;
    const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    check("a text", style.color, behind(element), size >= 24 || bold && size >= 18.66 ? 3 : 4.5, element);
  }
  for (const dot of document.querySelectorAll(".dot")) {
    check("a place", getComputedStyle(dot).borderTopColor, behind(dot.parentElement), 3, dot);
  }
  for (const bar of document.querySelectorAll(".track rect")) {
    check("a bar", getComputedStyle(bar).fill, getComputedStyle(bar.parentElement).backgroundColor, 3, bar);
  }
  for (const sign of document.querySelectorAll("svg[role=img]")) {
    check("a sign", getComputedStyle(sign).color, behind(sign), 3, sign);
  }
  for (const fold of folds) fold.open = false;
  return problems;
})()
