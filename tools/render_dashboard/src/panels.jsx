// SPDX-License-Identifier: Apache-2.0
// Draws one panel with Grafana's own components.
import { getFieldDisplayName, getFieldDisplayValues } from '@grafana/data';
import { BigValue, TimeSeries } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';

import { theme, timeRange } from './data.js';

function Nothing({ panel, width, height }) {
  return (
    <div style={{ width, height, display: 'grid', placeItems: 'center', color: theme.colors.text.secondary }}>
      {panel.fieldConfig.defaults.noValue}
    </div>
  );
}

function Stat({ panel, frames, width, height }) {
  const values = getFieldDisplayValues({
    data: frames, fieldConfig: { defaults: {}, overrides: [] }, theme, timeZone: 'utc',
    reduceOptions: panel.options.reduceOptions, replaceVariables: (text) => text,
  });
  const each = width / values.length;
  return (
    <div style={{ display: 'flex', gap: 4 }}>
      {values.map(({ display }, index) => (
        <BigValue key={index} value={display} width={each - 4} height={height} theme={theme}
          colorMode={panel.options.colorMode} graphMode="none" justifyMode="auto"
          textMode={panel.options.textMode} count={values.length} />
      ))}
    </div>
  );
}

// The panel for this one is not among the published components: the states as coloured spans.
function StateTimeline({ frames, width, height }) {
  const rowHeight = Math.min(34, (height - 20) / frames.length);
  const labels = 230;
  return (
    <div style={{ width, height, fontSize: 12, overflow: 'hidden' }}>
      {frames.map((frame, row) => {
        const field = frame.fields[1];
        const cell = (width - labels) / frame.length;
        return (
          <div key={row} style={{ display: 'flex', height: rowHeight, alignItems: 'center' }}>
            <div style={{ width: labels, paddingRight: 8, textAlign: 'right', whiteSpace: 'nowrap',
              overflow: 'hidden', textOverflow: 'ellipsis' }}>{getFieldDisplayName(field, frame, frames)}</div>
            {field.values.map((value, index) => (
              <div key={index} style={{ width: cell, height: rowHeight * 0.85, opacity: 0.7,
                background: value === null ? 'transparent' : field.display(value).color }} />
            ))}
          </div>
        );
      })}
    </div>
  );
}

function Graph({ panel, frames, width, height }) {
  return (
    <TimeSeries frames={frames} width={width} height={height} timeRange={timeRange} timeZone="utc"
      legend={panel.options.legend} options={panel.options} theme={theme} />
  );
}

function Table({ frames, width, height }) {
  return <TableNG data={frames[0]} width={width} height={height} cellHeight="sm" />;
}

const KINDS = { stat: Stat, 'state-timeline': StateTimeline, timeseries: Graph, table: Table };

export function Drawing(properties) {
  const { panel, frames } = properties;
  const empty = frames.length === 0 || frames.every((frame) => frame.length === 0);
  const Kind = empty ? Nothing : KINDS[panel.type];
  return <Kind {...properties} />;
}
