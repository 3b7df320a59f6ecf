// The report's map: layers from the data beside it, nothing from outside. Without WebGL or without
// this script the still picture stays where it is.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const ground = document.querySelector(".ground");
  if (!ground || !window.maplibregl || !hasWebGL()) return;
  const box = ground.parentElement;
  const panel = document.getElementById("map-panel");
  const detail = document.getElementById("detail");
  const slider = document.getElementById("map-year");
  const picked = document.getElementById("map-group");
  const ACCENT = "#0b6b5d", BLUE = "#3b73b9", OCHRE = "#c08a3e", STOCK = "#5b5249";
  const [ID, NAME, KIND, STATUS, LON, LAT, OPENED] = [0, 1, 2, 3, 4, 5, 6];
  const sites = data.sites, blocks = data.blocks, flows = data.flows;
  const hasPlan = blocks.to.length > 0;
  let year = data.years.length - 1;

  function hasWebGL() {
    const canvas = document.createElement("canvas");
    return Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
  }
  const say = (value, digits) =>
    value === null || value === undefined ? "–" : value.toLocaleString("en", {
      minimumFractionDigits: digits || 0, maximumFractionDigits: digits || 0,
    }).replace("-", "\u2212");
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  const collection = (features) => ({ type: "FeatureCollection", features });
  const feature = (type, coordinates, properties) =>
    ({ type: "Feature", properties, geometry: { type, coordinates } });
  const isOpen = (k) => sites[k][OPENED] >= 0 && sites[k][OPENED] <= year;

  const meanResidents = Math.max(1, sum(blocks.residents) / Math.max(1, blocks.id.length));
  const meanRadius = Math.min(6, Math.max(1.7, 75 / Math.sqrt(blocks.id.length || 1)));
  function blockFeatures() {
    const to = hasPlan ? blocks.to[year] : [];
    return collection(blocks.id.map((id, i) => feature("Point", [blocks.lon[i], blocks.lat[i]], {
      i, served: to[i] >= 0, r: meanRadius * Math.min(2.5, Math.sqrt(blocks.residents[i] / meanResidents) + 0.2),
    })));
  }
  function catchmentFeatures() {
    if (!hasPlan) return collection([]);
    const lines = [];
    blocks.to[year].forEach((k, i) => {
      if (k >= 0) lines.push([[blocks.lon[i], blocks.lat[i]], [sites[k][LON], sites[k][LAT]]]);
    });
    return collection([feature("MultiLineString", lines, {})]);
  }
  const groupIndex = () => (picked.value === "" ? -1 : Number(picked.value));
  function pointTonnes(k, t) {
    const found = data.points[k];
    if (!found) return 0;
    const g = groupIndex();
    return g < 0 ? sum(found.t[t]) : found.t[t][g] || 0;
  }
  const largestPoint = Math.max(1e-9, ...Object.keys(data.points)
    .map((k) => Math.max(...data.points[k].t.map(sum))));
  // On a narrow screen the same city has less room.
  const isNarrow = () => ground.clientWidth < 520;
  const largestRadius = () => (isNarrow() ? 8 : 15);
  function pointFeatures() {
    const features = [];
    sites.forEach((s, k) => {
      if (s[KIND] !== "point") return;
      const open = isOpen(k);
      const r = open ? Math.max(3, largestRadius() * Math.sqrt(pointTonnes(k, year) / largestPoint)) : 2;
      features.push(feature("Point", [s[LON], s[LAT]], { k, open, r }));
    });
    features.sort((a, b) => b.properties.r - a.properties.r);
    return collection(features);
  }
  function flowTotals(t, g) {
    const totals = new Map();
    (flows.year || []).forEach((y, n) => {
      if (y !== t || (g >= 0 && flows.group[n] !== g)) return;
      const key = flows.from[n] + ">" + flows.to[n];
      totals.set(key, (totals.get(key) || 0) + flows.t[n]);
    });
    return totals;
  }
  function bent(a, b) {
    // A slight bend tells the way: a flow bends to its right.
    const line = [], dx = b[0] - a[0], dy = b[1] - a[1];
    const c = [(a[0] + b[0]) / 2 + dy * 0.1, (a[1] + b[1]) / 2 - dx * 0.1];
    for (let n = 0; n <= 10; n++) {
      const s = n / 10, u = 1 - s;
      line.push([u * u * a[0] + 2 * u * s * c[0] + s * s * b[0],
        u * u * a[1] + 2 * u * s * c[1] + s * s * b[1]]);
    }
    return line;
  }
  function flowFeatures() {
    const g = groupIndex();
    const all = data.years.map((_, t) => flowTotals(t, g));
    const largest = Math.max(1e-9, ...all.map((m) => Math.max(0, ...m.values())));
    const features = [];
    for (const [key, t] of all[year]) {
      const [i, j] = key.split(">").map(Number);
      const kind = sites[j][KIND];
      const byKind = sites[i][KIND] === "stockpile" ? STOCK
        : kind === "plant" ? BLUE : kind === "landfill" ? OCHRE : ACCENT;
      const ends = [[sites[i][LON], sites[i][LAT]], [sites[j][LON], sites[j][LAT]]];
      features.push(feature("LineString", bent(...ends), {
        i, j, t, w: Math.max(0.7, (isNarrow() ? 6 : 11) * Math.sqrt(t / largest)),
        colour: g < 0 ? byKind : data.groups[g].colour,
      }));
    }
    return collection(features.sort((a, b) => b.properties.w - a.properties.w));
  }

  const sources = {
    districts: () => data.districts, catchments: catchmentFeatures, blocks: blockFeatures,
    flows: flowFeatures, points: pointFeatures,
  };
  const layers = [
    { id: "districts", source: "districts", type: "fill", paint: { "fill-color": "#fff" } },
    { id: "outlines", source: "districts", type: "line",
      paint: { "line-color": "#c9cec6", "line-width": 1.2 } },
    { id: "catchments", source: "catchments", type: "line",
      paint: { "line-color": "#86a296", "line-width": 0.8, "line-opacity": 0.75 } },
    { id: "blocks", source: "blocks", type: "circle", paint: {
      "circle-radius": ["interpolate", ["exponential", 2], ["zoom"],
        11, ["get", "r"], 15, ["*", 3, ["get", "r"]]],
      "circle-color": ["case", ["get", "served"], "#9db3a8", "#d8d5cf"],
      "circle-opacity": 0.8,
    } },
    { id: "flows", source: "flows", type: "line", layout: { "line-cap": "round" },
      paint: { "line-color": ["get", "colour"], "line-width": ["get", "w"], "line-opacity": 0.42 } },
    { id: "unused", source: "points", type: "circle", filter: ["!", ["get", "open"]],
      layout: { visibility: "none" }, paint: { "circle-radius": 2.5, "circle-color": "#fff",
        "circle-stroke-color": "#7d8780", "circle-stroke-width": 1 } },
    { id: "points", source: "points", type: "circle", filter: ["get", "open"], paint: {
      "circle-radius": ["get", "r"], "circle-color": ACCENT, "circle-opacity": 0.78,
      "circle-stroke-color": "#fff", "circle-stroke-width": 1 } },
  ];
  const [west, south, east, north] = data.box;
  const holder = document.createElement("div");
  holder.id = "map-live";
  ground.append(holder);
  box.classList.add("live");
  let map;
  try {
    map = new maplibregl.Map({
      container: holder, attributionControl: false, dragRotate: false, pitchWithRotate: false,
      touchPitch: false, cooperativeGestures: true, bounds: [[west, south], [east, north]],
      fitBoundsOptions: { padding: 36 }, maxZoom: 17, renderWorldCopies: false,
      style: { version: 8, sources: {}, layers: [
        { id: "ground", type: "background", paint: { "background-color": "#eef0ec" } }] },
    });
  } catch (error) {
    holder.remove();
    box.classList.remove("live");
    return;
  }
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-left");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 110 }), "bottom-left");

  const markers = [];
  function addMarker(k) {
    const s = sites[k], button = document.createElement("button");
    const dot = document.createElement("i"), name = document.createElement("span");
    name.textContent = s[NAME];
    button.type = "button";
    button.className = "spot " + s[KIND];
    button.setAttribute("aria-label", s[KIND] + " " + s[NAME]);
    button.append(dot, name);
    button.addEventListener("click", (event) => { event.stopPropagation(); showSite(k); });
    const marker = new maplibregl.Marker({ element: button })
      .setLngLat([s[LON], s[LAT]]);
    markers.push({ k, marker, button, shown: false });
  }
  function addDistrictNames() {
    if (isNarrow()) return;
    for (const f of data.districts.features) {
      const polygons = f.geometry.type === "Polygon" ? [f.geometry.coordinates] : f.geometry.coordinates;
      const ring = polygons.map((p) => p[0]).sort((a, b) => b.length - a.length)[0];
      const lon = ring.map((p) => p[0]), lat = ring.map((p) => p[1]);
      const label = document.createElement("div");
      label.className = "district";
      label.textContent = f.properties.name;
      new maplibregl.Marker({ element: label }).setLngLat([
        (Math.min(...lon) + Math.max(...lon)) / 2, (Math.min(...lat) + Math.max(...lat)) / 2,
      ]).addTo(map);
    }
  }
  const isShown = (layer) => document.getElementById("layer-" + layer).checked;
  function updateMarkers() {
    const used = new Set([...(flows.from || []), ...(flows.to || [])]);
    for (const m of markers) {
      const kind = sites[m.k][KIND];
      const open = kind === "station" ? isOpen(m.k) : !hasPlan || used.has(m.k);
      const wanted = open ? isShown(kind === "station" ? "stations" : "plants") : isShown("unused");
      m.button.classList.toggle("idle", !open);
      m.named = open && wanted && kind !== "plant" && !isNarrow();
      if (!m.named) m.button.classList.remove("named");
      if (wanted && !m.shown) m.marker.addTo(map);
      if (!wanted && m.shown) m.marker.remove();
      m.shown = wanted;
    }
    placeNames();
  }
  // A name stands right of its mark, or left where that is taken, or waits for the pointer.
  function placeNames() {
    const at = (m) => map.project([sites[m.k][LON], sites[m.k][LAT]]);
    const taken = markers.filter((m) => m.shown).map((m) => {
      const p = at(m);
      return { m, x0: p.x - 7, x1: p.x + 7, y: p.y };
    });
    const rank = (m) => (sites[m.k][KIND] === "station" ? 0 : 1);
    for (const m of markers.filter((one) => one.named).sort((a, b) => rank(a) - rank(b))) {
      const p = at(m), wide = 7.2 * sites[m.k][NAME].length + 12;
      const free = (x0, x1) => !taken.some((box) =>
        box.m !== m && Math.abs(box.y - p.y) < 15 && box.x0 < x1 && x0 < box.x1);
      const right = free(p.x + 7, p.x + wide), left = free(p.x - wide, p.x - 7);
      m.button.classList.toggle("leftward", !right && left);
      m.button.classList.toggle("named", right || left);
      if (right) taken.push({ m: null, x0: p.x, x1: p.x + wide, y: p.y });
      else if (left) taken.push({ m: null, x0: p.x - wide, x1: p.x, y: p.y });
    }
  }
  function update() {
    document.getElementById("map-year-said").textContent = data.years[year];
    for (const name of Object.keys(sources)) map.getSource(name).setData(sources[name]());
    updateMarkers();
    if (last) last();
  }
  function switchLayers() {
    for (const [layer, ids] of Object.entries({
      blocks: ["blocks"], catchments: ["catchments"], points: ["points"], flows: ["flows"],
      unused: ["unused"],
    })) for (const id of ids)
      map.setLayoutProperty(id, "visibility", isShown(layer) ? "visible" : "none");
    updateMarkers();
  }

  let last = null;
  function show(again, title, note, rows) {
    last = again;
    const heading = document.createElement("h3"), list = document.createElement("dl");
    heading.textContent = title;
    const line = document.createElement("p");
    line.textContent = note;
    for (const [name, value] of rows) {
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = name;
      dd.textContent = value;
      list.append(dt, dd);
    }
    detail.replaceChildren(heading, line, list);
  }
  function showSite(k) {
    const s = sites[k], again = () => showSite(k), rows = [];
    if (s[KIND] === "point") {
      const told = data.points[k];
      if (!told) return show(again, s[NAME], "Candidate point, not chosen.", []);
      if (!isOpen(k)) return show(again, s[NAME], "Opens in " + data.years[s[OPENED]] + ".", []);
      told.t[year].forEach((t, g) => t > 0 && rows.push([data.groups[g].name, say(t, 1) + " t"]));
      rows.push(["all, " + data.years[year], say(sum(told.t[year]), 1) + " t"]);
      const served = blocks.to[year].reduce((n, j, i) => n + (j === k ? blocks.residents[i] : 0), 0);
      rows.push(["residents who bring", say(served)]);
      rows.push(["keeper's margin", say(told.margin[year]) + " " + data.currency]);
      if (told.subsidy[year] > 0)
        rows.push(["subsidy", say(told.subsidy[year]) + " " + data.currency]);
      return show(again, s[NAME], "Collection point, open from " + data.years[s[OPENED]] + ".", rows);
    }
    for (const [site, line, room, used] of data.lines) if (site === k)
      rows.push([line, say(used[year]) + " of " + say(room[year]) + " t"]);
    const inward = new Map(), outward = new Map();
    (flows.year || []).forEach((y, n) => {
      if (y !== year) return;
      const name = data.groups[flows.group[n]].name;
      if (flows.to[n] === k) inward.set(name, (inward.get(name) || 0) + flows.t[n]);
      if (flows.from[n] === k) outward.set(name, (outward.get(name) || 0) + flows.t[n]);
    });
    for (const [name, t] of inward) rows.push(["takes " + name, say(t, t < 10 ? 1 : 0) + " t"]);
    for (const [name, t] of outward) rows.push(["ships " + name, say(t, t < 10 ? 1 : 0) + " t"]);
    const note = { station: "Sorting station", plant: "Plant", landfill: "Landfill",
      stockpile: "Stockpile: never counted as recycling" }[s[KIND]];
    const opens = s[KIND] === "station" && hasPlan
      ? (s[OPENED] >= 0 ? ", open from " + data.years[s[OPENED]] : ", not chosen") : "";
    show(again, s[NAME], note + opens + ". Figures of " + data.years[year] + ".", rows);
  }
  function showBlock(i) {
    const k = hasPlan ? blocks.to[year][i] : -1;
    show(() => showBlock(i), "Block " + blocks.id[i], "", [
      ["residents", say(blocks.residents[i])],
      ["brings to", k >= 0 ? sites[k][NAME] : "no open point within reach"],
    ]);
  }
  function showFlow(p) {
    show(null, sites[p.i][NAME] + " to " + sites[p.j][NAME], data.years[year], [
      [groupIndex() < 0 ? "all materials" : data.groups[groupIndex()].name, say(p.t, 1) + " t"]]);
  }
  map.on("click", (event) => {
    const { x, y } = event.point, around = [[x - 4, y - 4], [x + 4, y + 4]];
    for (const [layer, act] of [
      ["points", (p) => showSite(p.k)], ["unused", (p) => showSite(p.k)],
      ["blocks", (p) => showBlock(p.i)], ["flows", showFlow],
    ]) {
      const found = map.queryRenderedFeatures(around, { layers: [layer] })[0];
      if (found) return act(found.properties);
    }
  });
  for (const layer of ["points", "blocks", "flows"]) {
    map.on("mouseenter", layer, () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
  }
  map.on("zoomend", placeNames);
  map.on("load", () => {
    for (const name of Object.keys(sources))
      map.addSource(name, { type: "geojson", data: sources[name](), tolerance: 0.2 });
    layers.forEach((layer) => map.addLayer(layer));
    addDistrictNames();
    sites.forEach((s, k) => { if (s[KIND] !== "point") addMarker(k); });
    slider.max = data.years.length - 1;
    slider.value = year;
    slider.addEventListener("input", () => { year = Number(slider.value); update(); });
    picked.addEventListener("change", update);
    panel.querySelectorAll("input[type=checkbox]").forEach((input) =>
      input.addEventListener("change", switchLayers));
    switchLayers();
    map.resize();
    map.fitBounds([[west, south], [east, north]], { padding: 36, animate: false });
    map.once("idle", () => { document.documentElement.dataset.map = "idle"; });
  });
  window.reportMap = map;
})();
