/** Paths of data files in a study are relative to a folder: the study's own, where it is a file. */
import { isAbsolute, resolve } from 'node:path';
import type { StudyFile } from './read-study.ts';

const fileKeys = ['file', 'test', 'labels'];

function anchorData(data: unknown, folder: string): unknown {
  if (typeof data !== 'object' || data === null) return data;
  const entries = Object.entries(data).map(([key, value]) => [key, anchorPath(key, value, folder)]);
  return Object.fromEntries(entries);
}

function anchorPath(key: string, value: unknown, folder: string): unknown {
  return fileKeys.includes(key) && typeof value === 'string' && !isAbsolute(value) ? resolve(folder, value) : value;
}

/** The study with every path of its base experiment and of its parameters made absolute. */
export function anchorFiles(file: StudyFile, folder: string): StudyFile {
  const { study } = file;
  const experiment =
    'data' in study.experiment ? { ...study.experiment, data: anchorData(study.experiment['data'], folder) } : study.experiment;
  const parameters = Object.fromEntries(
    Object.entries(study.parameters).map(([path, values]) => [
      path,
      values.map((value) => {
        if (path === 'data') return anchorData(value, folder);
        return path.startsWith('data.') ? anchorPath(path.slice(5), value, folder) : value;
      }),
    ]),
  );
  return { ...file, study: { ...study, experiment, parameters } };
}
