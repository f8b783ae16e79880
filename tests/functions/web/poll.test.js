// When the badge and the panel ask again.

import assert from "node:assert/strict";
import { test } from "node:test";

import { delay, MAX_POLL_MILLISECONDS, POLL_MILLISECONDS, poller } from "../../../functions/web/web/poll.js";

test("it asks every 20 seconds, a fifth earlier or later", () => {
  assert.equal(POLL_MILLISECONDS, 20_000);
  assert.equal(delay(0, null, 0), 16_000);
  assert.equal(delay(0, null, 0.5), 20_000);
  assert.equal(delay(0, null, 1), 24_000);
});

test("it asks at the moment at which the answer changes by the clock, if that comes first", () => {
  assert.equal(delay(0, 3_000, 0.5), 3_000);
  assert.equal(delay(0, 60_000, 0.5), 20_000);
  assert.equal(delay(0, -5, 0.5), 0);
});

test("each failure doubles the time, up to five minutes, whatever the clock says", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 60].map((failures) => delay(failures, 0, 0.5)), [40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
  assert.equal(delay(4, null, 1), MAX_POLL_MILLISECONDS);
});

/** Return a poller with hands for its clock, its page and its API. */
function made() {
  const world = { waits: [], isVisible: true, answers: [], asked: 0 };
  const ask = () => {
    world.asked += 1;
    return new Promise((answer, fail) => world.answers.push({ answer, fail }));
  };
  const later = (work, wait) => world.waits.push({ work, wait });
  const cancel = (timer) => timer && (world.waits[timer - 1].isCancelled = true);
  world.poller = poller({ ask, isVisible: () => world.isVisible, random: () => 0.5, later, cancel });
  world.settle = () => new Promise((done) => setImmediate(done));
  return world;
}

test("an answer sets the next time, and a failure a longer one until the next answer", async () => {
  const world = made();
  world.poller.now();
  world.answers[0].answer(null);
  await world.settle();
  world.waits[0].work();
  world.answers[1].fail(new Error());
  await world.settle();
  world.waits[1].work();
  world.answers[2].answer(null);
  await world.settle();
  assert.deepEqual(world.waits.map(({ wait }) => wait), [20_000, 40_000, 20_000]);
});

test("a hidden page asks nothing, and asks at once when it is visible again", async () => {
  const world = made();
  world.isVisible = false;
  await world.poller.now();
  assert.equal(world.asked, 0);
  world.isVisible = true;
  world.poller.now();
  assert.equal(world.asked, 1);
});

test("of two questions at one moment the second waits for the first", async () => {
  const world = made();
  world.poller.now();
  world.poller.now();
  world.poller.now();
  assert.equal(world.asked, 1);
  world.answers[0].answer(null);
  await world.settle();
  assert.equal(world.asked, 2);
  world.answers[1].answer(null);
  await world.settle();
  assert.equal(world.waits.length, 1);
});

test("a new question cancels the time of the next, and a stopped poller asks no more", async () => {
  const world = made();
  world.poller.now();
  world.answers[0].answer(null);
  await world.settle();
  world.poller.now();
  assert.equal(world.waits[0].isCancelled, true);
  world.poller.stop();
  world.answers[1].answer(null);
  await world.settle();
  assert.equal(world.waits.length, 1);
  await world.poller.now();
  assert.equal(world.asked, 2);
});
