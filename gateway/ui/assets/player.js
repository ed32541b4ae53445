// The bare player: asks how to play a medium, plays it, and says what happens. No framework, no build.
"use strict";

const el = (id) => document.getElementById(id);
const mediaId = decodeURIComponent(location.pathname.split("/").pop());
const HEARTBEAT_MS = 10000;
// What an address answers when it is no longer good: it ran out, or what it led to is made anew.
const NO_LONGER_GOOD = [403, 404, 409, 410];
const MOST_RENEWALS = 3;
const FIRST_PAUSE_MS = 250, LONGEST_PAUSE_MS = 8000;

// What tests and curious people may look at.
window.player = { errors: [], events: [], hls: null, playback: null, renewals: 0, pauseMs: FIRST_PAUSE_MS };

function say(text) { el("status").textContent = text; }

function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("sluice-token", given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem("sluice-token");
}

function abilities() {
  const plays = (type) => MediaSource.isTypeSupported(type);
  const video = {
    h264: 'video/mp4; codecs="avc1.640028"', hevc: 'video/mp4; codecs="hvc1.1.6.L120.90"',
    av1: 'video/mp4; codecs="av01.0.08M.08"', vp9: 'video/webm; codecs="vp09.00.40.08"',
  };
  const audio = {
    aac: 'audio/mp4; codecs="mp4a.40.2"', opus: 'audio/webm; codecs="opus"',
    flac: 'audio/mp4; codecs="flac"', mp3: "audio/mpeg",
  };
  const able = (kinds) => Object.keys(kinds).filter((name) => plays(kinds[name]));
  return { containers: ["mp4", "webm", "mp3", "ogg", "flac", "wav"], video_codecs: able(video), audio_codecs: able(audio) };
}

async function api(path, options) {
  const answer = await fetch(path, options);
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => ({ detail: answer.statusText }));
  throw Object.assign(new Error(problem.detail), { status: answer.status });
}

async function begin(startMs) {
  const asked = new URLSearchParams(location.search);
  const order = { abilities: abilities(), start_ms: Math.round(startMs ?? Number(asked.get("start_ms") || 0)) };
  for (const name of ["profile", "method"]) if (asked.get(name)) order[name] = asked.get(name);
  say("Asking how to play it…");
  const playback = await api(`/api/v1/media/${encodeURIComponent(mediaId)}/playback`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token()}`, "Content-Type": "application/json" },
    body: JSON.stringify(order),
  });
  window.player.playback = playback;
  el("title").textContent = playback.profile ? `Playing as ${playback.profile}` : "Playing the file as it is";
  playback.profile ? playStream(playback, order.start_ms) : playFile(playback, order.start_ms);
  keepAlive(playback);
}

function playFile(playback, startMs) {
  const video = el("video");
  el("choices").hidden = true;
  video.src = playback.url;
  video.currentTime = startMs / 1000;
  say("");
}

function playStream(playback, startMs) {
  const video = el("video");
  if (!window.Hls || !Hls.isSupported()) return playFile(playback, startMs);
  const hls = new Hls({ startPosition: startMs / 1000, fragLoadingTimeOut: 40000, manifestLoadingTimeOut: 40000 });
  window.player.hls = hls;
  hls.on(Hls.Events.ERROR, (_, data) => failed(hls, data));
  hls.on(Hls.Events.MANIFEST_PARSED, () => fillQuality(hls));
  hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, () => fillSound(hls));
  hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => fillSubtitles(hls));
  hls.on(Hls.Events.FRAG_BUFFERED, () => { say(""); window.player.renewals = 0; window.player.pauseMs = FIRST_PAUSE_MS; });
  hls.on(Hls.Events.LEVEL_SWITCHED, (_, data) => window.player.events.push(["level", data.level]));
  hls.loadSource(playback.url);
  hls.attachMedia(video);
  say("Waiting for the first pictures…");
}

function failed(hls, data) {
  window.player.errors.push({ type: data.type, details: data.details, fatal: data.fatal });
  if (!data.fatal) return;
  if (data.details === Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR) say("This browser can't play what it is encoded as.");
  else if (NO_LONGER_GOOD.includes(data.response?.code)) renew(hls);
  else if (data.type === Hls.ErrorTypes.NETWORK_ERROR) tryAgain(hls);
  else if (data.type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
  else say(`It can't be played: ${data.details}`);
}

// A connection that is refused is the end for hls.js at once: a gateway that is being replaced, for one.
function tryAgain(hls) {
  say("The connection broke; trying again…");
  setTimeout(() => {
    if (window.player.hls !== hls) return;
    hls.levels.length ? hls.startLoad() : hls.loadSource(window.player.playback.url);
  }, window.player.pauseMs);
  window.player.pauseMs = Math.min(2 * window.player.pauseMs, LONGEST_PAUSE_MS);
}

// Asks for playback again, and goes on from where it was.
function renew(hls) {
  const video = el("video"), at = video.currentTime * 1000, playing = !video.paused;
  hls.destroy();
  if (window.player.renewals++ >= MOST_RENEWALS) return say("It can't be played any more; reload the page to try again.");
  begin(at).then(() => { if (playing) video.play().catch(() => {}); }).catch((error) => say(error.message));
}

function fill(select, names, chosen, choose) {
  select.replaceChildren(...names.map(([value, text]) => new Option(text, value, false, value === chosen)));
  select.closest("label").hidden = names.length < 2;
  select.onchange = () => choose(Number(select.value));
}

function fillQuality(hls) {
  const sizes = hls.levels.map((level, index) => [index, `${level.height || "Sound"}${level.height ? "p" : ""}`]);
  fill(el("quality"), [[-1, "Automatic"], ...sizes], -1, (level) => { hls.nextLevel = level; });
}

function fillSound(hls) {
  const tracks = hls.audioTracks.map((track, index) => [index, track.name]);
  fill(el("sound"), tracks, Math.max(0, hls.audioTrack), (track) => { hls.audioTrack = track; });
}

function fillSubtitles(hls) {
  const tracks = hls.subtitleTracks.map((track, index) => [index, track.name]);
  const names = tracks.length ? [[-1, "Off"], ...tracks] : [];
  fill(el("subtitles"), names, hls.subtitleTrack, (track) => { hls.subtitleTrack = track; });
}

let leave = () => {};

function keepAlive(playback) {
  const video = el("video");
  leave();
  const beat = () => fetch(playback.links.heartbeat, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ position_ms: Math.round(video.currentTime * 1000), paused: video.paused }),
  }).catch(() => {});
  const timer = setInterval(beat, HEARTBEAT_MS);
  leave = () => {
    clearInterval(timer);
    fetch(playback.links.stop, { method: "DELETE", keepalive: true }).catch(() => {});
  };
}

addEventListener("pagehide", () => leave());

function start() {
  begin().catch((error) => {
    say(error.message);
    if (error.status === 401) { sessionStorage.removeItem("sluice-token"); ask(); }
  });
}

function ask() {
  const form = el("ask");
  form.hidden = false;
  form.onsubmit = (event) => {
    event.preventDefault();
    sessionStorage.setItem("sluice-token", el("token").value.trim());
    form.hidden = true;
    start();
  };
  el("token").focus();
}

token() ? start() : ask();
