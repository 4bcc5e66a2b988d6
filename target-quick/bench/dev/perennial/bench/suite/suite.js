// Draws the charts of a suite's page.
(() => {
  'use strict';
  const {data, colour, series, point, percent, legend, tooltip, axis, percentAxis, draw} = house;
  const SHOWN = 8;
  // Beyond six techniques colours come again, with another shape and dash.
  const round = (rank) => Math.floor(rank / 6);
  const dash = (rank) => [[], [6, 4], [2, 3], [8, 3, 2, 3]][round(rank) % 4];
  const shape = (rank) => point(rank + round(rank));

  const bytes = (value) => (value >= 1e9 ? `${+(value / 1e9).toPrecision(3)} GB`
    : value >= 1e6 ? `${+(value / 1e6).toPrecision(3)} MB`
      : value >= 1e3 ? `${+(value / 1e3).toPrecision(3)} kB` : `${+value.toPrecision(3)} B`);
  const seconds = (value) => `${+value.toPrecision(3)} s`;

  // A line of one deviation to either side of the end of each bar.
  const whiskers = {
    id: 'whiskers',
    afterDatasetsDraw(chart) {
      const {ctx, scales} = chart;
      ctx.save();
      ctx.strokeStyle = colour('--ink');
      ctx.lineWidth = 1.5;
      chart.getDatasetMeta(0).data.forEach((bar, i) => {
        const {percent: mean, deviation} = data.techniques[i];
        if (deviation > 0) {
          const from = scales.x.getPixelForValue(Math.max(0, mean - deviation));
          const to = scales.x.getPixelForValue(Math.min(100, mean + deviation));
          ctx.beginPath();
          ctx.moveTo(from, bar.y);
          ctx.lineTo(to, bar.y);
          [from, to].forEach((x) => { ctx.moveTo(x, bar.y - 4); ctx.lineTo(x, bar.y + 4); });
          ctx.stroke();
        }
      });
      ctx.restore();
    },
  };

  // The name of each dot, beside it where there is room, else to its left; a name that would hide another is left out.
  const names = {
    id: 'names',
    afterDatasetsDraw(chart) {
      const {ctx, chartArea} = chart;
      const taken = [];
      ctx.save();
      ctx.fillStyle = colour('--ink');
      ctx.font = `12px ${Chart.defaults.font.family}`;
      ctx.textBaseline = 'middle';
      chart.data.datasets.forEach((dataset, i) => {
        const dot = chart.getDatasetMeta(i).data[0];
        if (!chart.isDatasetVisible(i) || !dot) {
          return;
        }
        const width = ctx.measureText(dataset.label).width;
        const left = dot.x + 9 + width > chartArea.right ? dot.x - 9 - width : dot.x + 9;
        const box = {left, right: left + width, top: dot.y - 7, bottom: dot.y + 7};
        if (taken.every((b) => box.right < b.left || box.left > b.right || box.bottom < b.top || box.top > b.bottom)) {
          taken.push(box);
          ctx.fillText(dataset.label, left, dot.y);
        }
      });
      ctx.restore();
    },
  };

  function ranking() {
    return new Chart(document.getElementById('ranking-chart'), {
      type: 'bar',
      data: {
        labels: data.techniques.map((technique) => technique.name),
        datasets: [{
          data: data.techniques.map((technique) => technique.percent),
          backgroundColor: data.techniques.map((technique) => series(technique.rank)),
          borderRadius: 2, maxBarThickness: 18,
        }],
      },
      options: {
        animation: false, maintainAspectRatio: false, indexAxis: 'y',
        plugins: {
          legend: {display: false},
          tooltip: tooltip((item) => ` ${percent(item.parsed.x)} ± ${data.techniques[item.dataIndex].deviation.toFixed(1)}`),
        },
        scales: {
          x: percentAxis('final accuracy'),
          y: axis('', {grid: {display: false}, ticks: {color: colour('--ink'), autoSkip: false}}),
        },
      },
      plugins: [whiskers],
    });
  }

  const drawn = (rank) => ({
    borderColor: series(rank), backgroundColor: series(rank), borderDash: dash(rank), borderWidth: 2,
    pointStyle: shape(rank), pointRadius: 4,
  });

  function overTheStream() {
    const longest = Math.max(0, ...data.lines.map((line) => line.percent.length));
    return new Chart(document.getElementById('seen-chart'), {
      type: 'line',
      data: {
        labels: Array.from({length: longest}, (_, i) => i + 1),
        datasets: data.lines.map((line) => ({
          label: line.name, data: line.percent, hidden: line.rank >= SHOWN, ...drawn(line.rank),
        })),
      },
      options: {
        animation: false, maintainAspectRatio: false, interaction: {mode: 'index', intersect: false},
        plugins: {
          legend: legend({usePointStyle: true}),
          tooltip: {
            ...tooltip((item) => ` ${item.dataset.label}: ${percent(item.parsed.y)}`),
            itemSort: (a, b) => b.parsed.y - a.parsed.y,
          },
        },
        scales: {x: axis('experiences learned', {grid: {display: false}}), y: percentAxis('')},
      },
    });
  }

  // Amounts on a scale of powers of ten; those of nothing stand at its left end.
  function against(id, title, amount, format) {
    const amounts = data.techniques.map(amount).filter((value) => value > 0);
    const least = amounts.length ? 10 ** (Math.floor(Math.log10(Math.min(...amounts))) - 1) : 0.1;
    const most = amounts.length ? 10 ** Math.ceil(Math.log10(Math.max(...amounts) * 1.0001)) : 1;
    const free = data.techniques.some((technique) => amount(technique) <= 0);
    return new Chart(document.getElementById(id), {
      type: 'scatter',
      data: {
        datasets: data.techniques.map((technique) => ({
          label: technique.name,
          data: [{x: Math.max(amount(technique), least), y: technique.percent}],
          ...drawn(technique.rank), borderDash: [], pointRadius: 6, pointHoverRadius: 8, clip: false,
        })),
      },
      options: {
        animation: false, maintainAspectRatio: false,
        plugins: {
          legend: {display: false},
          tooltip: tooltip((item) => {
            const technique = data.techniques[item.datasetIndex];
            return ` ${technique.name}: ${percent(technique.percent)}, ${format(amount(technique))}`;
          }),
        },
        scales: {
          x: axis(title, {
            type: 'logarithmic', min: free ? least : least * 10, max: most, grid: {color: colour('--line')},
            ticks: {
              color: colour('--quiet'), autoSkip: false, maxRotation: 0,
              callback: (value) => (free && value <= least ? 'nothing'
                : Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9 ? format(value) : null),
            },
          }),
          y: percentAxis('final accuracy'),
        },
      },
      plugins: [names],
    });
  }

  function memory() {
    return new Chart(document.getElementById('memory-chart'), {
      type: 'line',
      data: {
        datasets: data.curves.map((curve) => ({
          label: curve.name, data: curve.bytes.map((x, i) => ({x, y: curve.percent[i]})), ...drawn(curve.rank),
        })),
      },
      options: {
        animation: false, maintainAspectRatio: false, interaction: {mode: 'x', intersect: false},
        plugins: {
          legend: legend({usePointStyle: true}),
          tooltip: {
            ...tooltip((item) => ` ${item.dataset.label}: ${percent(item.parsed.y)}`),
            itemSort: (a, b) => b.parsed.y - a.parsed.y,
          },
        },
        scales: {
          x: axis('memory budget', {
            type: 'linear', grid: {display: false},
            ticks: {color: colour('--quiet'), callback: (value) => bytes(value)},
          }),
          y: percentAxis('final accuracy'),
        },
      },
    });
  }

  draw(() => [
    ranking(), overTheStream(),
    against('bytes-chart', 'kept of the past', (technique) => technique.bytes, bytes),
    against('seconds-chart', 'seconds of learning', (technique) => technique.seconds, seconds),
    ...(data.curves.length ? [memory()] : []),
  ]);
})();
