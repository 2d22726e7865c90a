(function () {
  "use strict";
  const themes = JSON.parse(document.getElementById("themes").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  // A figure takes the width of its column; labels of several parts are broken where it is narrow.
  function fitted(spec, width) {
    const result = JSON.parse(JSON.stringify(spec));
    result.width = "container";
    (result.params || []).forEach(function (p) { if (p.name === "dark") p.value = dark.matches; });
    if (width < 560) narrow(result);
    return result;
  }

  function narrow(spec) {
    const layers = spec.layer || [spec];
    let lines = 1;
    layers.forEach(function (layer) {
      const y = (layer.encoding || {}).y;
      if (!y || y.type !== "nominal" || y.axis === null) return;
      // Space for the labels: not more than two fifths of a narrow screen.
      y.axis = Object.assign({}, y.axis, {
        labelExpr: "split(replace(datum.label, /(: | instead of |, | · )/g, '$1\u200b\n'), '\n')",
        labelLimit: 150, labelFontSize: 11, minExtent: 0, titlePadding: 2,
      });
      lines = 3;
    });
    if (lines > 1 && spec.height && spec.height.step) {
      const longest = Math.max(1, ...labels(spec).map(function (l) {
        return l.split(/: | instead of |, | · /).length;
      }));
      spec.height = { step: Math.max(spec.height.step, 13 * longest + 8) };
    }
  }

  function labels(spec) {
    const rows = Object.values(spec.datasets || {}).concat([(spec.data || {}).values || []]).flat();
    (spec.layer || []).forEach(function (l) { rows.push(...(((l.data || {}).values) || [])); });
    return rows.map(function (r) { return r.label || r.row || r.y; })
      .filter(function (l) { return typeof l === "string"; });
  }

  const views = new Map();
  async function draw(element, spec) {
    const old = views.get(element);
    if (old) { old.finalize(); }
    const mode = dark.matches ? "dark" : "light";
    const config = JSON.parse(JSON.stringify(themes[mode]));
    config.legend.columns = Math.max(1, Math.floor((element.clientWidth - 80) / 170));
    const options = {
      config: config, renderer: "svg", tooltip: { theme: mode }, logLevel: 1,
      actions: { export: true, source: false, compiled: false, editor: false },
    };
    try {
      views.set(element, await vegaEmbed(element, fitted(spec, element.clientWidth), options));
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
