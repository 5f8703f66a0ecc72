import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { prepareDataFolder } from './data-folder.js';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'edgepass-data-'));
});
afterEach(() => rmSync(parent, { recursive: true }));
const mode = (path: string): number => statSync(path).mode & 0o777;

describe('the data folder', () => {
  it('is made for this user alone, parents included', () => {
    const folder = prepareDataFolder(join(parent, 'a/b'));
    expect(folder).toBe(join(parent, 'a/b'));
    expect(mode(folder)).toBe(0o700);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is closed to others when an empty one was open', () => {
    mkdirSync(join(parent, 'data'));
    chmodSync(join(parent, 'data'), 0o755);
    expect(mode(prepareDataFolder(join(parent, 'data')))).toBe(0o700);
  });

  it("is no folder with somebody else's files in it, and that folder keeps its mode", () => {
    writeFileSync(join(parent, 'thesis.tex'), '');
    chmodSync(parent, 0o755);
    expect(() => prepareDataFolder(parent)).toThrow(
      `DATA_DIR: expected a folder of edgepass's own; found ${parent} with other files in it; set DATA_DIR to a folder that is empty or does not exist`,
    );
    expect(mode(parent)).toBe(0o755);
  });

  it('is taken again when it is known by what lies in it, whatever else was put there', () => {
    mkdirSync(join(parent, 'tls'));
    writeFileSync(join(parent, 'notes.txt'), '');
    expect(prepareDataFolder(parent)).toBe(parent);
  });

  it('that cannot be made gets one line', () => {
    writeFileSync(join(parent, 'file'), '');
    const wanted = join(parent, 'file', 'data');
    expect(() => prepareDataFolder(wanted)).toThrow(
      `DATA_DIR: expected a folder that this user can write; found ${wanted} (ENOTDIR); change its owner, or set DATA_DIR to another folder`,
    );
  });
});
