// SPDX-License-Identifier: Apache-2.0
// From a panel's queries to the data frames that Grafana's components draw.
import {
  applyFieldOverrides, cacheFieldDisplayNames, createDataFrame, createTheme, dateTime,
  FieldConfigOptionsRegistry, FieldType, standardTransformers, standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';

export const theme = createTheme({ colors: { mode: 'dark' } });
export const query = new URLSearchParams(location.search);
const to = Number(query.get('to') || Date.now() / 1000);
const from = to - Number(query.get('seconds') || 900);
export const timeRange = {
  from: dateTime(from * 1000), to: dateTime(to * 1000),
  raw: { from: dateTime(from * 1000), to: dateTime(to * 1000) },
};
const step = Math.max(5, Math.round((to - from) / 180));
const rateInterval = `${Math.max(60, step * 4)}s`;

const PROPERTIES = [
  'unit', 'min', 'max', 'decimals', 'color', 'mappings', 'thresholds', 'noValue', 'displayName',
  'custom.drawStyle', 'custom.lineStyle', 'custom.fillOpacity', 'custom.stacking', 'custom.align',
  'custom.cellOptions', 'custom.thresholdsStyle', 'custom.lineWidth', 'custom.width',
];
const fieldConfigRegistry = new FieldConfigOptionsRegistry(() => PROPERTIES.map((id) => ({
  id, path: id.replace(/^custom\./, ''), isCustom: id.startsWith('custom.'), name: id,
  process: (value) => value, shouldApply: () => true, getItemsCount: () => 0, settings: {},
  override: () => null, editor: () => null, description: '',
})));

const seen = new Set();
standardTransformersRegistry.setInit(() => Object.values(standardTransformers)
  .filter(({ id }) => !seen.has(id) && seen.add(id))
  .map((transformation) => ({
    id: transformation.id, name: transformation.name,
    transformation: () => Promise.resolve(transformation), editor: () => null,
    description: '',
  })));

export function fill(text) {
  return text.replace(/\$__rate_interval/g, rateInterval).replace(/\$(job|instance|bench)\b/g, '.+');
}

async function ask(path, parameters) {
  const answer = await fetch(`/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const body = await answer.json();
  if (body.status !== 'success') throw new Error(body.error);
  return body.data.result;
}

function legend(target, metric) {
  return target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => metric[name] ?? '').trim();
}

function seriesFrame(target, { metric, values }) {
  // A time without a sample is a gap in the line, as Grafana draws it.
  const times = [];
  for (let t = from; t <= to; t += step) times.push(t);
  const known = new Map(values.map(([t, v]) => [Math.round((t - from) / step), Number(v)]));
  return createDataFrame({
    refId: target.refId, fields: [
      { name: 'Time', type: FieldType.time, values: times.map((t) => t * 1000) },
      { name: 'Value', type: FieldType.number, labels: metric,
        values: times.map((_, index) => known.get(index) ?? null),
        config: { displayNameFromDS: legend(target, metric) } }],
  });
}

function tableFrame(target, result) {
  const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return createDataFrame({
    refId: target.refId, fields: [
      { name: 'Time', type: FieldType.time, values: result.map(({ value }) => value[0] * 1000) },
      ...labels.map((name) => ({ name, type: FieldType.string,
        values: result.map(({ metric }) => metric[name] ?? '') })),
      { name: 'Value', type: FieldType.number, values: result.map(({ value }) => Number(value[1])) }],
  });
}

async function targetFrames(panel, target) {
  const expr = fill(target.expr);
  if (target.format === 'table') return [tableFrame(target, await ask('query', { query: expr, time: to }))];
  if (target.instant) {
    const result = await ask('query', { query: expr, time: to });
    return result.map(({ metric, value }) => seriesFrame(target, { metric, values: [value] }));
  }
  const result = await ask('query_range', { query: expr, start: from, end: to, step });
  return result.map((series) => seriesFrame(target, series));
}

export async function framesOf(panel) {
  let frames = (await Promise.all(panel.targets.map((target) => targetFrames(panel, target)))).flat();
  if (panel.transformations) frames = await firstValueFrom(transformDataFrame(panel.transformations, frames));
  const fieldConfig = structuredClone(panel.fieldConfig);
  for (const steps of [fieldConfig.defaults, ...fieldConfig.overrides.flatMap(
    ({ properties }) => properties.filter(({ id }) => id === 'thresholds').map(({ value }) => ({ thresholds: value })))]) {
    if (steps.thresholds) steps.thresholds.steps[0].value = -Infinity;
  }
  frames = applyFieldOverrides({
    data: frames, fieldConfig, fieldConfigRegistry, theme, timeZone: 'utc',
    replaceVariables: (text) => text,
  });
  cacheFieldDisplayNames(frames);
  return frames;
}
