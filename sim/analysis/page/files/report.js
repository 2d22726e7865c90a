(function () {
  "use strict";
  const themes = JSON.parse(document.getElementById("themes").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  // A figure takes the width of its column, also in a part that is closed; where that is narrow,
  // labels of several parts are broken.
  function fitted(spec, width) {
    const result = JSON.parse(JSON.stringify(spec));
    const narrow = width < 560;
    result.width = width;
    result.autosize = { type: "fit-x", contains: "padding" };
    (result.params || []).forEach(function (p) { if (p.name === "dark") p.value = dark.matches; });
    wrapTitles(result, width, narrow);
    const lined = (result.layer || [result])
      .map(function (layer) { return (layer.encoding || {}).y; })
      .filter(function (y) { return y && y.type === "nominal" && y.axis !== null; });
    if (!lined.length || !result.height || !result.height.step) return result;
    const labels = Array.from(new Set(rows(result).map(function (row) { return row[lined[0].field]; })
      .filter(function (label) { return typeof label === "string"; })));
    let step = result.height.step;
    if (narrow) {
      const parts = Math.max(1, ...labels.map(function (l) {
        return l.split(/: | instead of |, | · /).length;
      }));
      lined.forEach(function (y) {
        y.axis = Object.assign({}, y.axis, {
          labelExpr: "split(replace(datum.label, /(: | instead of |, | · )/g, '$1|'), '|')",
          labelLimit: Math.round(width * 0.42), labelFontSize: 11, minExtent: 0, titlePadding: 2,
          labelOffset: -6.5 * (parts - 1),
        });
      });
      step = Math.max(step, 13 * parts + 8);
    }
    // A number, since Vega-Lite warns of a step in a figure that takes its column's width.
    result.height = step * Math.max(1, labels.length);
    return result;
  }

  // Titles that are longer than the figure is wide go on in a further line.
  function wrapTitles(spec, width, narrow) {
    if (typeof spec.title === "string") spec.title = wrapped(spec.title, (width - 50) / 8);
    if (!narrow) return;
    (spec.layer || [spec]).forEach(function (layer) {
      ["x", "y", "color"].forEach(function (name) {
        const channel = (layer.encoding || {})[name];
        if (!channel) return;
        const room = { x: (width - 90) / 6.5, y: 34, color: (width - 130) / 6.5 }[name];
        [channel, channel.axis].forEach(function (place) {
          if (place && typeof place.title === "string") place.title = wrapped(place.title, room);
        });
      });
    });
  }

  function wrapped(text, room) {
    const lines = [""];
    text.split(" ").forEach(function (word) {
      const last = lines[lines.length - 1];
      if (last && (last + " " + word).length > room) lines.push(word);
      else lines[lines.length - 1] = last ? last + " " + word : word;
    });
    return lines.length > 1 ? lines : lines[0];
  }

  function rows(spec) {
    const named = Object.values(spec.datasets || {});
    const own = [spec].concat(spec.layer || []).map(function (s) { return (s.data || {}).values || []; });
    return named.concat(own).flat();
  }

  const views = new Map();
  function configured(mode, width) {
    const config = JSON.parse(JSON.stringify(themes[mode]));
    config.legend.columns = width < 560 ? 1 : Math.max(2, Math.floor((width - 260) / 160));
    return config;
  }
  async function draw(element, spec) {
    const old = views.get(element);
    if (old) { old.finalize(); }
    const mode = dark.matches ? "dark" : "light";
    const width = element.clientWidth || document.querySelector("main").clientWidth - 40;
    const options = {
      config: configured(mode, width), renderer: "svg", tooltip: { theme: mode }, logLevel: 1,
      actions: false,
    };
    try {
      views.set(element, await vegaEmbed(element, fitted(spec, width), options));
      element.append(saving(element.dataset.name, spec));
      element.dataset.drawn = "yes";
    } catch (error) {
      element.dataset.drawn = "failed";
      element.innerHTML = "";
      const told = document.createElement("p");
      told.className = "failed";
      told.textContent = "This figure cannot be drawn here (" + error.message + "); its table is below.";
      element.append(told);
    }
  }

  // A figure by itself: on white, with its source, whatever the page looks like.
  function saving(name, spec) {
    const row = document.createElement("div");
    row.className = "save";
    ["svg", "png"].forEach(function (kind) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = kind.toUpperCase();
      button.setAttribute("aria-label", "Save the figure '" + name + "' as " + kind.toUpperCase());
      button.addEventListener("click", function () { save(name, spec, kind); });
      row.append(button);
    });
    return row;
  }
  async function save(name, spec, kind) {
    const host = document.createElement("div");
    host.style.cssText = "position:absolute;left:-9999px;width:900px";
    document.body.append(host);
    const alone = fitted(spec, 900);
    const title = typeof alone.title === "object" && !Array.isArray(alone.title) ? alone.title.text : alone.title;
    alone.title = { text: title, subtitle: document.title + " - sim report" };
    alone.background = "#ffffff";
    (alone.params || []).forEach(function (p) { if (p.name === "dark") p.value = false; });
    const made = await vegaEmbed(host, alone, { config: configured("light", 900), renderer: "svg", actions: false });
    const link = document.createElement("a");
    link.href = await made.view.toImageURL(kind, kind === "png" ? 2 : 1);
    link.download = name + "." + kind;
    link.click();
    made.finalize();
    host.remove();
  }

  const figures = Array.from(document.querySelectorAll("script.spec")).map(function (script) {
    return [document.getElementById(script.dataset.for), JSON.parse(script.textContent)];
  });
  async function drawAll() {
    for (const [element, spec] of figures) await draw(element, spec);
    document.body.dataset.ready = "yes";
  }
  dark.addEventListener("change", drawAll);
  let width = window.innerWidth, waiting = null;
  window.addEventListener("resize", function () {
    // Crossing the narrow width changes labels; anything else Vega fits by itself.
    const crossed = (width < 600) !== (window.innerWidth < 600);
    width = window.innerWidth;
    if (crossed) { clearTimeout(waiting); waiting = setTimeout(drawAll, 200); }
  });
  // What is closed is not printed by itself in every browser.
  let opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details:not([open]):not(.query)"));
    opened.forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () { opened.forEach(function (part) { part.open = false; }); });
  document.querySelectorAll("button.copy").forEach(function (button) {
    button.addEventListener("click", function () {
      const code = button.parentElement.querySelector("pre code");
      const range = document.createRange();
      range.selectNodeContents(code);
      const selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      button.textContent = document.execCommand("copy") ? "Copied" : "Selected: copy it now";
    });
  });
  drawAll();
})();
