// What the charts of every page have in common: the colours of the page, legends, tooltips, axes, and drawing again when
// the reader's setting changes.
const house = (() => {
  'use strict';
  const SERIES = 6;
  const POINTS = ['circle', 'rect', 'triangle', 'rectRot', 'star', 'cross'];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const legend = (box) => ({
    position: 'top', align: 'start', labels: {color: colour('--ink'), padding: 14, ...box},
  });

  const tooltip = (label) => ({
    backgroundColor: colour('--ink'), titleColor: colour('--paper'), bodyColor: colour('--paper'),
    padding: 10, cornerRadius: 4, usePointStyle: true, boxPadding: 4, callbacks: {label},
  });

  const axis = (title, more) => ({
    title: {display: title !== '', text: title, color: colour('--quiet')},
    ticks: {color: colour('--quiet')}, border: {display: false}, ...more,
  });

  const percentAxis = (title, more) => axis(title, {
    min: 0, max: 100, grid: {color: colour('--line')},
    ticks: {color: colour('--quiet'), stepSize: 20, callback: (value) => `${value}%`}, ...more,
  });

  // Draws now, and again in other colours when the reader's setting changes. `charts` makes a list of charts.
  function draw(charts) {
    let drawn = [];
    const again = () => {
      drawn.forEach((chart) => chart.destroy());
      Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
      Chart.defaults.font.size = 13;
      drawn = charts();
    };
    again();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
  }

  return {
    data: JSON.parse(document.getElementById('chart-data').textContent),
    colour,
    series: (run) => colour(`--series-${run % SERIES}`),
    point: (run) => POINTS[run % POINTS.length],
    percent: (value) => `${value.toFixed(1)}%`,
    legend, tooltip, axis, percentAxis, draw,
  };
})();
