// The page of a server: follows its events, draws them, and sends labels. house, of the reports, has what charts share.
(() => {
  'use strict';
  const TOKEN = 'perennial-token';
  const byId = (id) => document.getElementById(id);
  const whole = new Intl.NumberFormat('en');
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const rate = (value) => value === 0 ? '0' : value < 10 ? value.toFixed(1) : whole.format(Math.round(value));
  const seconds = (value) => value === 0 ? '–' : value < 1 ? `${Math.max(1, Math.round(1000 * value))} ms` : `${value.toFixed(1)} s`;
  const counted = (many, one, more) => `${whole.format(many)} ${many === 1 ? one : more || `${one}s`}`;

  let model = decodeURIComponent(location.hash.slice(1)) || 'default';
  let state = null;
  let follow = null;
  let commits = '';

  const base = () => `/v1/models/${encodeURIComponent(model)}`;

  function ask(path, more = {}) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = {...more.headers, ...(token ? {Authorization: `Bearer ${token}`} : {})};
    return fetch(path, {...more, headers, cache: 'no-store'});
  }

  function text(id, words) {
    const element = byId(id);
    if (element.textContent !== words) {
      element.textContent = words;
    }
  }

  // An element with children: texts are escaped by being texts.
  function make(tag, more = {}, ...children) {
    const element = Object.assign(document.createElement(tag), more);
    element.append(...children);
    return element;
  }

  function live(words, look) {
    text('live', words);
    byId('live').className = `pill ${look}`;
  }

  // Server-sent events over fetch, which can carry a token where EventSource cannot.
  async function stream() {
    follow?.abort();
    const mine = follow = new AbortController();
    let wait = 500;
    while (!mine.signal.aborted) {
      try {
        const response = await ask(`${base()}/events`, {signal: mine.signal});
        if (!response.ok) {
          const problem = await response.json();
          live(problem.title || 'refused', 'off');
          if (response.status === 401 || response.status === 403) {
            askForToken(sessionStorage.getItem(TOKEN) ? problem.detail : '');
            return;
          }
          throw new Error(problem.detail);
        }
        byId('token-section').hidden = true;
        wait = 500;
        await read(response.body.getReader());
      } catch (problem) {
        if (mine.signal.aborted) {
          return;
        }
      }
      live('the server does not answer; trying again', 'off');
      await new Promise((again) => setTimeout(again, wait));
      wait = Math.min(10_000, 2 * wait);
    }
  }

  async function read(reader) {
    const decoder = new TextDecoder();
    let rest = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const events = (rest + decoder.decode(part.value, {stream: true})).split('\n\n');
      rest = events.pop();
      for (const event of events) {
        const data = event.split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice(6)).join('\n');
        if (data) {
          show(JSON.parse(data));
        }
      }
    }
  }

  function askForToken(problem) {
    byId('token-section').hidden = false;
    text('token-problem', problem);
    byId('token').focus();
  }

  function show(now) {
    const first = state === null;
    state = now.state;
    live('live', 'on');
    const {technique, backbone, rows, classes, snapshot} = now.model;
    text('title', now.model.name === 'default' ? 'A model at work' : now.model.name);
    text('about', `${technique} on ${backbone}: ${counted(rows, 'row')} learned, ${counted(classes, 'class', 'classes')}, snapshot ${snapshot}`);
    cards();
    charts.update();
    accuracyTable();
    speedTable();
    classOptions(now.classes);
    waiting(now.teaches);
    matrix();
    known();
    signals();
    events();
    uses(now.uses);
    const commit = state.events.find((event) => event.kind === 'commit')?.text || '';
    if (first || commit !== commits) {
      commits = commit;
      bricks();
      ledger();
    }
  }

  function cards() {
    const {accuracy, predicting, learning} = state;
    text('accuracy', accuracy.rows ? percent(accuracy.present) : '–');
    text('accuracy-note', accuracy.rows
      ? `of the last ${whole.format(Math.min(accuracy.rows, accuracy.window))} rows, each predicted before it is learned; ${percent(accuracy.overall)} of ${whole.format(accuracy.rows)} since the start`
      : 'Each row is predicted before it is learned; none came since the server began.');
    text('predict-rate', rate(predicting.rate));
    text('predict-note', predicting.p99 ? `half in ${seconds(predicting.median)}, 99 of 100 in ${seconds(predicting.p99)}` : 'too few in the last five seconds to say how long they take');
    text('learn-rate', rate(learning.rate));
    text('learn-note', learning.p99 ? `seen by predictions: half in ${seconds(learning.median)}, 99 of 100 in ${seconds(learning.p99)}` : 'nothing was learned since the server began');
    const highest = Math.max(0, ...state.signals.filter((signal) => signal.level !== 'WARM_UP').map((signal) => signal.score));
    const last = state.events.find((event) => event.kind === 'drift');
    const recent = last && Date.parse(state.at) - Date.parse(last.at) < 60_000;
    text('drift-word', state.signals.every((signal) => signal.level === 'WARM_UP') ? 'warming up' : recent ? 'drift' : 'steady');
    text('drift-note', last ? `${last.text} (${clock(last.at)})` : `${percent(highest)} of what would be a drift`);
  }

  const clock = (at) => new Date(at).toLocaleTimeString('en-GB');

  const charts = (() => {
    let accuracy = null;
    let speed = null;
    const line = (label, series, more) => ({
      label, borderColor: house.colour(`--series-${series}`), backgroundColor: house.colour(`--series-${series}`),
      borderWidth: 2, pointRadius: 0, pointHitRadius: 12, tension: 0.15, ...more,
    });
    const options = (x, y, legend, label) => ({
      animation: false, responsive: true, maintainAspectRatio: false, normalized: true,
      interaction: {mode: 'nearest', axis: 'x', intersect: false},
      plugins: {legend, tooltip: house.tooltip(label)}, scales: {x, y},
    });
    const fill = () => {
      if (!state || !accuracy) {
        return;
      }
      accuracy.data.datasets[0].data = state.accuracy.points.map((point) => ({x: point.rows, y: 100 * point.accuracy}));
      const {perSecond} = state.predicting;
      const back = (series) => series.map((y, i) => ({x: i - series.length, y}));
      speed.data.datasets[0].data = back(perSecond);
      speed.data.datasets[1].data = back(state.learning.perSecond);
      accuracy.update('none');
      speed.update('none');
    };
    house.draw(() => {
      const rows = house.axis('rows learned', {type: 'linear', grid: {display: false}, ticks: {color: house.colour('--quiet'), maxTicksLimit: 7}});
      const ago = house.axis('seconds', {type: 'linear', min: -119, max: 0, grid: {display: false}, ticks: {color: house.colour('--quiet'), maxTicksLimit: 7}});
      accuracy = new Chart(byId('accuracy-chart'), {
        type: 'line', data: {datasets: [line('accuracy', 0, {data: []})]},
        options: options(rows, house.percentAxis(''), {display: false}, (item) => ` ${house.percent(item.parsed.y)} at ${whole.format(item.parsed.x)} rows`),
      });
      speed = new Chart(byId('speed-chart'), {
        type: 'line', data: {datasets: [line('predictions a second', 1, {data: []}), line('rows learned a second', 2, {data: [], borderDash: [5, 3]})]},
        options: options(ago, house.axis('', {beginAtZero: true, suggestedMax: 5, grid: {color: house.colour('--line')}}),
          house.legend({usePointStyle: true, pointStyle: 'line', boxWidth: 24}), (item) => ` ${whole.format(item.parsed.y)} ${item.dataset.label}`),
      });
      fill();
      return [accuracy, speed];
    });
    return {update: fill};
  })();

  function rows(id, lines) {
    byId(id).replaceChildren(...lines.map(([head, ...cells]) => make('tr', {}, make('th', {scope: 'row'}, head),
      ...cells.map((cell) => cell instanceof HTMLElement ? cell : make('td', {}, String(cell))))));
  }

  function accuracyTable() {
    if (byId('accuracy-rows').closest('details').open) {
      text('window', whole.format(state.accuracy.window));
      rows('accuracy-rows', state.accuracy.points.toReversed().slice(0, 60).map((point) => [whole.format(point.rows), percent(point.accuracy)]));
    }
  }

  function speedTable() {
    if (byId('speed-rows').closest('details').open) {
      const sum = (series, from) => series.toReversed().slice(from, from + 10).reduce((a, b) => a + b, 0);
      rows('speed-rows', Array.from({length: 12}, (_, i) => [`${10 * i} to ${10 * i + 10}`,
        whole.format(sum(state.predicting.perSecond, 10 * i)), whole.format(sum(state.learning.perSecond, 10 * i))]));
    }
  }

  function classOptions(classes) {
    const list = byId('classes');
    if (list.dataset.known !== classes.join('\n')) {
      list.dataset.known = classes.join('\n');
      list.replaceChildren(...classes.map((label) => make('option', {value: label})));
    }
  }

  // What somebody is typing into stays as it is.
  function waiting(teaches) {
    const list = byId('waiting');
    const wanted = new Map(state.waiting.map((input) => [input.prediction, input]));
    for (const item of [...list.children]) {
      if (!wanted.delete(item.dataset.prediction) && !item.contains(document.activeElement)) {
        item.remove();
      }
    }
    for (const input of wanted.values()) {
      const next = [...list.children].find((item) => Number(item.dataset.score) > input.score);
      list.insertBefore(question(input), next || null);
    }
    text('waiting-note', !teaches ? 'Labels need a model that learns row by row, and a token with the scope learn.'
      : list.children.length ? 'The texts of the last half hour that the model knew least. Name the class, and it learns at once.'
        : 'No text was predicted in the last half hour.');
  }

  function question(input) {
    const id = `label-${input.prediction}`;
    const field = make('input', {id, required: true, maxLength: 200, autocomplete: 'off', placeholder: 'class'});
    field.setAttribute('list', 'classes');
    field.setAttribute('aria-label', `Class of: ${input.text}`);
    const button = make('button', {}, 'Teach');
    const form = make('form', {}, field, button);
    const item = make('li', {}, make('p', {className: 'text'}, input.text),
      make('p', {className: 'said'}, `said ${input.label}, score ${input.score.toFixed(2)}`), form);
    item.dataset.prediction = input.prediction;
    item.dataset.score = input.score;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      teach(input, field, button, item);
    });
    return item;
  }

  async function teach(input, field, button, item) {
    button.disabled = true;
    const label = field.value.trim();
    try {
      const response = await ask(`${base()}/feedback`, {
        method: 'POST',
        headers: {'Content-Type': 'application/json', 'Idempotency-Key': `page-${input.prediction}-${crypto.randomUUID()}`},
        body: JSON.stringify({prediction: input.prediction, label, until: 'visible'}),
      });
      const answer = await response.json();
      if (!response.ok) {
        throw new Error(answer.detail || answer.title);
      }
      const next = (item.nextElementSibling || item.previousElementSibling)?.querySelector('input');
      item.remove();
      text('taught', `Learned as row ${whole.format(answer.last)}: “${input.text}” is ${label}.`);
      next?.focus();
    } catch (problem) {
      text('taught', `Not learned: ${problem.message}`);
      button.disabled = false;
      field.focus();
    }
  }

  function matrix() {
    const {labels, counts} = state.matrix;
    const name = (label) => label || 'others';
    const table = byId('matrix');
    text('matrix-window', whole.format(Math.min(state.accuracy.rows, state.accuracy.window)));
    table.tHead.replaceChildren(make('tr', {}, make('th', {scope: 'col'}), ...labels.map((label, i) =>
      make('th', {scope: 'col', title: name(label)}, make('abbr', {title: name(label)}, label ? String(i + 1) : '…')))));
    table.tBodies[0].replaceChildren(...labels.map((label, i) => {
      const all = counts[i].reduce((a, b) => a + b, 0);
      return make('tr', {}, make('th', {scope: 'row', title: name(label)}, label ? `${name(label)} ${i + 1}` : 'others'), ...counts[i].map((count, j) => {
        const share = all ? count / all : 0;
        const cell = make('td', {className: `shade${share > 0.6 ? ' strong' : share > 0.3 ? ' middle' : ''}${i === j ? ' right' : ''}`,
          title: `${name(label)} called ${name(labels[j])}: ${count} of ${all}`}, count ? String(count) : '');
        cell.style.setProperty('--v', share.toFixed(3));
        return cell;
      }));
    }));
  }

  function known() {
    text('forgetting', percent(state.forgetting));
    rows('known', state.known.map((one) => [one.label, whole.format(one.seen), percent(one.present), percent(one.best), percent(one.forgetting)]));
  }

  function meter(share, words) {
    const bar = make('i');
    bar.style.setProperty('--v', Math.min(1, share).toFixed(3));
    return make('td', {}, make('span', {className: `meter${share >= 0.8 ? ' high' : ''}`, ariaHidden: 'true'}, bar), words);
  }

  const LEVELS = {WARM_UP: 'warming up', STABLE: 'steady', DRIFT: 'drift'};

  function signals() {
    rows('signals', state.signals.map((signal) => [signal.detector, make('td', {className: 'words'}, signal.watches),
      make('td', {className: `word-${signal.level}`}, LEVELS[signal.level]), meter(signal.score, percent(signal.score)), whole.format(signal.drifts)]));
    text('familiarity', state.familiarity ? state.familiarity.toFixed(2) : '–');
  }

  // Only what is new is added, so that it alone is read out.
  function events() {
    const list = byId('events');
    const newest = Number(list.firstElementChild?.dataset.number || 0);
    for (const event of state.events.filter((one) => one.number > newest).toReversed()) {
      const item = make('li', {className: event.kind}, make('time', {dateTime: event.at}, clock(event.at)), make('b', {}, event.kind), make('span', {}, event.text));
      item.dataset.number = event.number;
      list.prepend(item);
    }
    while (list.children.length > 100) {
      list.lastElementChild.remove();
    }
  }

  function uses(all) {
    rows('uses', all.map((use) => [use.what, use.share > 0 ? meter(use.share, use.used) : use.used, use.limit]));
  }

  // The picture and the table of the report of bricks, which the server makes.
  async function bricks() {
    const response = await ask(`${base()}/lineage`);
    if (response.ok) {
      // Styles in attributes are against this page's policy; in texts their quotes are escaped.
      const html = (await response.text()).replace(/ style="[^"]*"/g, '').replace(/<style>[^]*?<\/style>/g, '');
      const report = new DOMParser().parseFromString(html, 'text/html');
      const picture = report.querySelector('.picture');
      const table = report.querySelector('#bricks .scroll');
      if (picture && report.querySelector('.brick')) {
        byId('lineage').replaceChildren(document.importNode(picture, true));
        byId('lineage-table').replaceChildren(document.importNode(table, true));
      }
    }
  }

  async function ledger() {
    const response = await ask(`${base()}/ledger`);
    if (response.ok) {
      const {budgets, entries} = await response.json();
      const cell = (words) => make('td', {className: 'words'}, words);
      rows('ledger', [...budgets.map((one) => [`in all, of ${one.limit === 'none' ? 'no limit' : one.limit}`, cell(one.what), one.used]),
        ...entries.map((one) => [one.what, cell(one.resource), one.amount])]);
      byId('ledger').closest('table').tHead.hidden = budgets.length + entries.length === 0;
      text('ledger-note', budgets.length + entries.length ? 'What learning has spent, as of the newest commit'
        : 'Nothing is charged to this model: it was made here, without a budget.');
    }
  }

  async function models() {
    const response = await ask('/v1/models');
    const names = response.ok ? (await response.json()).models : [model];
    byId('model').replaceChildren(...[...new Set([...names, model])].map((name) => make('option', {value: name, selected: name === model}, name)));
  }

  function begin() {
    state = null;
    byId('events').replaceChildren();
    byId('waiting').replaceChildren();
    models();
    stream();
  }

  byId('model').addEventListener('change', (event) => {
    model = event.target.value;
    history.replaceState(null, '', `#${encodeURIComponent(model)}`);
    begin();
  });
  byId('token-form').addEventListener('submit', (event) => {
    event.preventDefault();
    sessionStorage.setItem(TOKEN, byId('token').value.trim());
    byId('token').value = '';
    begin();
  });
  begin();
})();
