// The admins' charts: stacked bars of verdicts, and lines of percentiles. The same numbers stand beside each as a table.
import { findLocale } from "./language.js";
import uPlot from "uplot";

const DAY = 86_400;
/** How the lines are told apart besides their colours, from the shortest time to the longest. */
const STROKES = [
  { stroke: "--chart-ok", dash: [] },
  { stroke: "--chart-warn", dash: [9, 5] },
  { stroke: "--chart-bad", dash: [2, 4] },
];
const TIMES = [10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, DAY * 1000, DAY * 7000];
const charts = new Map();
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function drawAll() {
  const holders = [...document.querySelectorAll("[data-chart]")];
  for (const [holder, chart] of charts) {
    if (!holders.includes(holder)) forget(holder, chart);
  }
  holders.forEach(draw);
}

function draw(holder) {
  const shown = JSON.parse(holder.dataset.chart);
  const { data, series, scales, axis } = shown.kind === "bars" ? bars(shown) : lines(shown);
  const chart = charts.get(holder);
  if (chart) {
    chart.setData(data);
    return;
  }
  const made = new uPlot(optionsFor(holder, shown, { series, scales, axis }), data, holder.firstElementChild);
  if (shown.list) made.over.addEventListener("click", (event) => openStep(holder, made, event.offsetX));
  charts.set(holder, made);
  resizing.observe(holder);
}

/** Lead from a bar to the files that were rejected in its time. */
function openStep(holder, chart, x) {
  const { starts, step, list, series } = JSON.parse(holder.dataset.chart);
  const index = Math.floor((chart.posToVal(x, "x") - starts[0]) / step);
  if (!series.some(({ values }) => values[index])) return;
  const address = new URL(list, location.href);
  address.searchParams.set("since", minute(starts[index]));
  address.searchParams.set("until", minute(starts[index] + step));
  location.assign(address);
}

/** A moment as the list's address writes it, in UTC. */
function minute(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 16);
}

function forget(holder, chart) {
  chart.destroy();
  charts.delete(holder);
  resizing.unobserve(holder);
}

function bars({ starts, series }) {
  const sums = starts.map(() => 0);
  // Each series is added onto those before it: the last is drawn first, and the others over it.
  const stacked = series.map(({ values }) => values.map((value, index) => (sums[index] += value)));
  return {
    data: [starts, ...stacked.reverse()],
    series: [...series].reverse().map(({ label, tone }) => ({
      label,
      fill: style(`--chart-${tone}`),
      stroke: style(`--chart-${tone}`),
      width: 0,
      points: { show: false },
      paths: uPlot.paths.bars({ size: [0.7, 40], align: 1, radius: 0 }),
    })),
    scales: { y: { range: (_, __, top) => [0, Math.max(4, top * 1.05)] } },
    axis: { size: 52, space: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 200_000] },
  };
}

function lines({ starts, step, series }) {
  return {
    // A point stands for its whole step, so it is drawn in its middle.
    data: [starts.map((at) => at + step / 2), ...series.map(({ values }) => values)],
    series: series.map(({ label }, index) => ({
      label,
      stroke: style(STROKES[index].stroke),
      dash: STROKES[index].dash,
      width: 2.5,
      spanGaps: false,
      points: { show: true, size: 5, fill: style(STROKES[index].stroke) },
    })),
    scales: { y: { distr: 3, range: (_, low, high) => timeRange(low, high) } },
    axis: {
      size: 64,
      splits: (self) => TIMES.filter((time) => time >= self.scales.y.min && time <= self.scales.y.max),
      values: (_, ticks) => ticks.map(duration),
    },
  };
}

/** Ends of the axis that leave room around the lines, and hold more than one of its ticks. */
function timeRange(low, high) {
  const least = TIMES.findLast((time) => time <= (low ?? 100)) ?? TIMES[0];
  const most = TIMES.find((time) => time >= (high ?? 1000)) ?? TIMES.at(-1);
  return [least, most > least ? most : TIMES[TIMES.indexOf(least) + 1]];
}

function duration(milliseconds) {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${seconds / 60} min`;
  return seconds < DAY ? `${seconds / 3600} h` : `${seconds / DAY} d`;
}

function optionsFor(holder, { step }, { series, scales, axis }) {
  const look = {
    stroke: style("--ink-soft"),
    grid: { stroke: style("--line"), width: 1 },
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
      // A step reaches to the next one, so the last one needs room of its own.
      x: { range: () => edges(holder) },
      ...scales,
    },
    axes: [
      {
        ...look,
        grid: { show: false },
        size: 30,
        space: 64,
        incrs: step === DAY ? [1, 2, 5, 7, 10].map((days) => days * DAY) : undefined,
        values: (self, ticks) => ticks.map((at) => (at < self.scales.x.max ? label(at, step) : "")),
      },
      { ...look, ...axis },
    ],
    series: [{}, ...series],
    ...(step === DAY ? { tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") } : {}),
  };
}

function edges(holder) {
  const { starts, step } = JSON.parse(holder.dataset.chart);
  return [starts[0], starts.at(-1) + step];
}

function label(seconds, step) {
  const at = new Date(seconds * 1000);
  // Days are counted in UTC, hours shown in the reader's zone.
  if (step === DAY) return at.toLocaleDateString(findLocale(), { day: "numeric", month: "short", timeZone: "UTC" });
  return at.toLocaleTimeString(findLocale(), { hour: "numeric", minute: "2-digit" });
}

function redrawAll() {
  for (const [holder, chart] of charts) forget(holder, chart);
  drawAll();
}

const resizing = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    charts.get(target)?.setSize({ width: target.clientWidth, height: target.clientHeight });
  }
});

drawAll();
// The canvas keeps whatever type and colours were there when it was drawn.
document.fonts.ready.then(redrawAll);
document.addEventListener("htmx:after:swap", drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
