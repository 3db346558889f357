// Rust source as tokens, without comments.

const TOKEN = new RegExp(
  [
    String.raw`(?<gap>\s+|//[^\n]*)`,
    String.raw`(?<block>/\*)`,
    String.raw`(?<raw>[bc]?r(?<hashes>#*)"[\s\S]*?"\k<hashes>)`,
    String.raw`(?<text>[bc]?"(?:\\[\s\S]|[^"\\])*")`,
    String.raw`(?<char>b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'\n])')`,
    String.raw`(?<lifetime>'[\p{ID_Start}_][\p{ID_Continue}]*)`,
    String.raw`(?:r#)?(?<name>[\p{ID_Start}_][\p{ID_Continue}]*)`,
    String.raw`(?<number>\d\w*)`,
    String.raw`(?<sign>::|[\s\S])`,
  ].join('|'),
  'uy',
);

/** @typedef {{ text: string, name: boolean, line: number }} Token */

/** @param {string} source @returns {Token[]} */
export function tokens(source) {
  const found = [];
  let line = 1;
  TOKEN.lastIndex = 0;
  for (let match; (match = TOKEN.exec(source)); ) {
    const { gap, block, name, text } = match.groups;
    let whole = match[0];
    if (block) {
      whole = source.slice(match.index, endOfComment(source, match.index));
      TOKEN.lastIndex = match.index + whole.length;
    } else if (!gap) {
      found.push({ text: name ?? text ?? whole, name: name !== undefined, line });
    }
    line += whole.split('\n').length - 1;
  }
  return found;
}

/** Block comments nest. */
function endOfComment(source, start) {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let match; (match = edge.exec(source)); ) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return source.length;
}
