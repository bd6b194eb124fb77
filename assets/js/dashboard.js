// The admins' chart: verdicts by hour, stacked. The same numbers stand beside it as a table.
import uPlot from "uplot";

const HOUR = 3600;
const scheme = matchMedia("(prefers-color-scheme: dark)");
let chart = null;

function draw() {
  const holder = document.querySelector("[data-chart]");
  if (!holder) return;
  const { hours, series } = JSON.parse(holder.dataset.chart);
  const data = [hours, ...stacked(series.map(({ values }) => values)).reverse()];
  if (chart && holder.contains(chart.root)) {
    chart.setData(data);
    return;
  }
  const place = holder.firstElementChild;
  chart = new uPlot(optionsFor(holder, [...series].reverse()), data, place);
}

/** Adds each series onto those before it: the last is drawn first, and the others over it. */
function stacked(columns) {
  const sums = columns[0].map(() => 0);
  return columns.map((column) => column.map((value, index) => (sums[index] += value)));
}

function optionsFor(holder, series) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--ink-soft"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    font: `13px ${getComputedStyle(document.body).fontFamily}`,
  };
  return {
    width: holder.clientWidth,
    height: holder.clientHeight,
    cursor: { show: false },
    legend: { show: false },
    padding: [8, 0, 0, 0],
    scales: {
      // Each bar stands on its hour, so the last one needs an hour of its own.
      x: { range: (_, first, last) => [first, last + HOUR] },
      y: { range: (_, __, top) => [0, Math.max(4, top * 1.05)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 30, space: 64, values: (self, ticks) => ticks.map((at) => (at < self.scales.x.max ? hourOf(at) : "")) },
      { ...axis, size: 52, space: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000] },
    ],
    series: [
      {},
      ...series.map(({ label, tone }) => ({
        label,
        fill: colour(`--chart-${tone}`),
        stroke: colour(`--chart-${tone}`),
        width: 0,
        points: { show: false },
        paths: uPlot.paths.bars({ size: [0.7, 40], align: 1, radius: 0 }),
      })),
    ],
  };
}

function hourOf(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" });
}

function redraw() {
  chart?.destroy();
  chart = null;
  draw();
}

draw();
// The canvas keeps whatever type was there when it was drawn.
document.fonts.ready.then(redraw);
document.addEventListener("htmx:after:swap", draw);
scheme.addEventListener("change", redraw);
new ResizeObserver(() => {
  const holder = document.querySelector("[data-chart]");
  if (chart && holder) chart.setSize({ width: holder.clientWidth, height: holder.clientHeight });
}).observe(document.querySelector("[data-chart]"));
