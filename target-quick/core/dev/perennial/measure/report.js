// Draws the charts of the report of runs.
(() => {
  'use strict';
  const {data, colour, series, point, percent, legend, tooltip, axis, percentAxis, draw} = house;
  const labelled = (value) => tooltip((item) => ` ${item.dataset.label}: ${percent(value(item))}`);

  function overTheStream() {
    const longest = Math.max(...data.seen.map((line) => line.percent.length));
    return new Chart(document.getElementById('seen-chart'), {
      type: 'line',
      data: {
        labels: Array.from({length: longest}, (_, i) => i + 1),
        datasets: data.seen.map((line) => ({
          label: line.name, data: line.percent, borderColor: series(line.run), backgroundColor: series(line.run),
          borderWidth: line.told ? 1.5 : 2.5, borderDash: line.told ? [5, 4] : [],
          pointStyle: point(line.run), pointRadius: longest > 30 ? 0 : line.told ? 2.5 : 4,
        })),
      },
      options: {
        animation: false, maintainAspectRatio: false, interaction: {mode: 'index', intersect: false},
        plugins: {
          // A box without height is a piece of the line: solid or dashed.
          legend: legend({boxWidth: 26, boxHeight: 0}),
          tooltip: {...labelled((item) => item.parsed.y), itemSort: (a, b) => b.parsed.y - a.parsed.y},
        },
        scales: {x: axis('experiences learned', {grid: {display: false}}), y: percentAxis('')},
      },
    });
  }

  function forgetting() {
    const shorten = (name) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);
    return new Chart(document.getElementById('forgotten-chart'), {
      type: 'bar',
      data: {
        labels: data.classes,
        datasets: data.forgotten.map((run, i) => ({
          label: run.name, data: run.percent, backgroundColor: series(i), borderRadius: 2,
          maxBarThickness: 14, categoryPercentage: 0.8, barPercentage: 0.95, pointStyle: 'rect',
        })),
      },
      options: {
        animation: false, maintainAspectRatio: false, indexAxis: 'y',
        interaction: {mode: 'index', axis: 'y', intersect: false},
        plugins: {legend: legend({boxWidth: 10, boxHeight: 10}), tooltip: labelled((item) => item.parsed.x)},
        scales: {
          x: percentAxis(''),
          y: axis('', {
            grid: {display: false},
            ticks: {color: colour('--ink'), autoSkip: false, callback: (_, i) => shorten(data.classes[i])},
          }),
        },
      },
    });
  }

  draw(() => [overTheStream(), forgetting()]);
})();
