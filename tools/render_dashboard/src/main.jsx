// SPDX-License-Identifier: Apache-2.0
// Lays out a dashboard's panels as Grafana does and tells what each of them shows.
import { ThemeContext } from '@grafana/data';
import { GlobalStyles, PanelChrome } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { framesOf, query, theme } from './data.js';
import { Drawing } from './panels.jsx';

const WIDTH = Number(query.get('width') || 1400);
const CELL = 30;
const GAP = 8;

function place({ x, y, w, h }) {
  const column = (WIDTH + GAP) / 24;
  return { left: x * column, top: y * (CELL + GAP), width: w * column - GAP, height: h * (CELL + GAP) - GAP };
}

function Panel({ panel, loaded }) {
  const at = place(panel.gridPos);
  const { frames, error } = loaded;
  return (
    <div style={{ position: 'absolute', ...at }}>
      <PanelChrome title={panel.title} width={at.width} height={at.height} statusMessage={error}>
        {(width, height) => frames && <Drawing panel={panel} frames={frames} width={width} height={height} />}
      </PanelChrome>
    </div>
  );
}

function Row({ panel }) {
  return (
    <div style={{ position: 'absolute', ...place(panel.gridPos), lineHeight: `${CELL}px`, fontWeight: 500 }}>
      {panel.collapsed ? '›' : '⌄'} {panel.title}
      {panel.collapsed && <span style={{ color: theme.colors.text.secondary, fontWeight: 400 }}>
        {' '}({panel.panels.length} panels)</span>}
    </div>
  );
}

// The rows one below the other, with what is in closed ones too when these are to be opened.
function flatten(items) {
  const open = query.has('open');
  let down = 0;
  return items.flatMap((item) => {
    const inside = item.collapsed && open ? item.panels : [];
    const moved = [{ ...item, collapsed: item.collapsed && !open }, ...inside].map((panel) => ({
      ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + down } }));
    if (inside.length) down += Math.max(...inside.map(({ gridPos }) => gridPos.y + gridPos.h)) - item.gridPos.y - 1;
    return moved;
  });
}

function Board() {
  const [state, setState] = useState(null);
  useEffect(() => {
    (async () => {
      const board = await (await fetch('/dashboard.json')).json();
      board.panels = flatten(board.panels);
      const panels = board.panels.filter(({ type }) => type !== 'row');
      const loaded = await Promise.all(panels.map((panel) => framesOf(panel).then(
        (frames) => ({ frames }), (error) => ({ error: String(error) }))));
      setState({ board, panels, loaded });
      window.report = panels.map((panel, index) => ({ title: panel.title, type: panel.type,
        series: loaded[index].frames?.filter(({ length }) => length > 0).length ?? 0,
        error: loaded[index].error }));
    })();
  }, []);
  if (!state) return null;
  const bottom = Math.max(...state.board.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  return (
    <div style={{ padding: 12, width: WIDTH, background: theme.colors.background.canvas, color: theme.colors.text.primary }}>
      <div style={{ fontSize: 18, fontWeight: 500, padding: '2px 0 10px' }}>{state.board.title}</div>
      <div style={{ position: 'relative', height: bottom * (CELL + GAP) }}>
        {state.board.panels.map((panel) => panel.type === 'row'
          ? <Row key={panel.id} panel={panel} />
          : <Panel key={panel.id} panel={panel} loaded={state.loaded[state.panels.indexOf(panel)]} />)}
      </div>
    </div>
  );
}

createRoot(document.getElementById('root')).render(
  <ThemeContext.Provider value={theme}><GlobalStyles /><Board /></ThemeContext.Provider>);
