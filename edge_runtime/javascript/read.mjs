// Answers the golden sheets of a bundle by its contract.json alone: node read.mjs BUNDLE [ARTEFACT]
// Sheet (PNG) -> ink map -> network input -> ONNX Runtime -> probabilities and decisions. Exit code 1 where one differs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import { PNG } from 'pngjs';
import { decide, inkMap, normalise } from './contract.mjs';

const [bundle, wanted] = process.argv.slice(2);
if (!bundle) fail('usage: node read.mjs BUNDLE [ARTEFACT]');
const contract = JSON.parse(readFileSync(join(bundle, 'contract.json'), 'utf8'));
const { preprocess: { numbers }, tensors: { input, output }, golden } = contract;
const artefact = contract.artefacts.find(({ name }) => name === (wanted ?? contract.default_artefact));
if (artefact?.target !== 'onnx') fail(`${bundle} has no ${wanted ?? contract.default_artefact} for ONNX Runtime`);

const pixels = (name) => PNG.sync.read(readFileSync(join(bundle, name))).data;
const apart = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
const signs = (decisions) => decisions.map((value) => (value === null ? '?' : value ? '+' : '-')).join('');

env.wasm.numThreads = 1;
const session = await InferenceSession.create(readFileSync(join(bundle, artefact.file)));
let wrong = 0;
for (const { sheet, ink, answers } of golden.sheets) {
  const right = answers[artefact.name];
  const map = inkMap(pixels(sheet), numbers);
  const image = new Tensor('float32', normalise(map, numbers), [1, ...input.shape.slice(1)]);
  const logits = [...(await session.run({ [input.name]: image }))[output.name].data];
  const { probabilities, decisions } = decide(logits, artefact);
  const inkOff = apart(map, pixels(ink).filter((_, i) => i % 4 === 0)); // grey is read as RGBA
  const [off, offP] = [apart(logits, right.logits), apart(probabilities, right.probabilities)];
  const decided = decisions.every((value, i) => value === right.decisions[i] || !right.sure[i]);
  const ok = inkOff <= golden.tolerance.ink.largest && off <= golden.tolerance.logits[artefact.name] && decided;
  wrong += !ok;
  console.log(`${ok ? 'ok   ' : 'WRONG'} ${sheet} ${signs(decisions)} ${probabilities.map((p) => p.toFixed(3)).join(' ')},`
    + ` off by ${inkOff} in ink, ${off.toFixed(6)} in logits, ${offP.toFixed(6)} in probabilities`);
}
for (const right of golden.decisions[artefact.name]) {
  const { probabilities, decisions } = decide(right.logits, artefact);
  const close = apart(probabilities, right.probabilities) <= golden.tolerance.probabilities;
  wrong += !(close && signs(decisions) === signs(right.decisions));
}
console.log(`${artefact.name}: ${golden.sheets.length} sheets, ${golden.decisions[artefact.name].length} rows beside the`
  + ` borders of decisions, ${wrong} wrong`);
process.exitCode = wrong ? 1 : 0;

function fail(message) {
  console.error(`error: ${message}`);
  process.exit(2);
}
