// What the page does beyond showing: rows that open, columns that sort, keys that hide, points
// that speak. It asks nobody for anything, and all that it shows stands in the page already.
(function () {
	"use strict";
	document.documentElement.classList.add("script");

	// What was open and sorted, for a page that reloads itself. A browser may forbid to remember.
	const memory = "deltam " + location.pathname;
	let state = {};
	try {
		state = JSON.parse(sessionStorage.getItem(memory)) || {};
	} catch (e) {
		state = {};
	}
	function remember(key, value) {
		state[key] = value;
		try {
			sessionStorage.setItem(memory, JSON.stringify(state));
		} catch (e) {
			return;
		}
	}

	function button(cell, act) {
		const b = document.createElement("button");
		b.type = "button";
		while (cell.firstChild)
			b.append(cell.firstChild);
		cell.append(b);
		b.addEventListener("click", act);
		return b;
	}

	// Rows: the row behind each holds what it opens to, and moves with it.
	function open(row, b, yes) {
		row.nextElementSibling.classList.toggle("open", yes);
		b.setAttribute("aria-expanded", String(yes));
	}
	document.querySelectorAll("table.sorts").forEach(function (table, place) {
		table.querySelectorAll("tr.more").forEach(function (more, i) {
			const row = more.previousElementSibling;
			const key = "open " + place + " " + row.cells[0].textContent;
			more.id = "more-" + place + "-" + i;
			row.classList.add("row");
			const b = button(row.cells[0], function () { return undefined; });
			b.setAttribute("aria-controls", more.id);
			open(row, b, Boolean(state[key]));
			row.addEventListener("click", function () {
				const yes = b.getAttribute("aria-expanded") !== "true";
				open(row, b, yes);
				remember(key, yes);
			});
		});
	});

	// Sorting: by figures in full precision where a cell has them, else by the number in its text.
	function value(row, i) {
		const cell = row.cells[i];
		if (!cell)
			return NaN;
		const exact = cell.dataset.v;
		const found = (exact || cell.textContent).match(/-?\d+(\.\d+)?(e[-+]?\d+)?/);
		return found ? Number(found[0]) : NaN;
	}
	function compare(i, numbers) {
		return function (a, b) {
			if (!numbers)
				return a.cells[i].textContent.localeCompare(b.cells[i].textContent);
			const x = value(a, i), y = value(b, i);
			// Empty cells stay last: NaN is no order.
			return isNaN(x) ? (isNaN(y) ? 0 : Infinity) : isNaN(y) ? -Infinity : x - y;
		};
	}
	function sort(table, i, down) {
		const body = table.tBodies[0];
		const rows = Array.from(body.rows).filter(function (r) { return !r.classList.contains("more"); });
		const more = rows.map(function (r) {
			const next = r.nextElementSibling;
			return next && next.classList.contains("more") ? next : null;
		});
		const pair = new Map(rows.map(function (r, k) { return [r, more[k]]; }));
		const numbers = i > 0 && rows.some(function (r) { return !isNaN(value(r, i)); });
		const order = compare(i, numbers);
		rows.slice().sort(function (a, b) {
			const d = order(a, b);
			return Math.abs(d) === Infinity ? Math.sign(d) : down ? -d : d;
		}).forEach(function (r) {
			body.append(r);
			if (pair.get(r))
				body.append(pair.get(r));
		});
		table.querySelectorAll("th[aria-sort]").forEach(function (h) { h.removeAttribute("aria-sort"); });
		const heads = table.tHead.rows[table.tHead.rows.length - 1].cells;
		heads[i].setAttribute("aria-sort", down ? "descending" : "ascending");
	}
	document.querySelectorAll("table").forEach(function (table, place) {
		if (!table.tHead || table.tBodies[0].rows.length < 2)
			return;
		const heads = table.tHead.rows[table.tHead.rows.length - 1].cells;
		Array.from(heads).forEach(function (head, i) {
			button(head, function () {
				const down = head.getAttribute("aria-sort") === "ascending";
				sort(table, i, down);
				remember("sort " + place, [i, down]);
			});
		});
		const kept = state["sort " + place];
		if (kept && heads[kept[0]])
			sort(table, kept[0], kept[1]);
	});

	// Keys of plots: parts of a key name their series, NAME_plot_1a of the panel a. A band and the
	// marks of a series are series without a key, of its colour, in its panel.
	function colour(part) {
		const ink = part.querySelector("path[stroke], path[fill]:not([fill=none]), use[color], polygon[fill]");
		const c = ink && (ink.getAttribute("stroke") || ink.getAttribute("color") || ink.getAttribute("fill"));
		return c && c.replace(/\s/g, "");
	}
	function panel(series) {
		return series.id.replace(/^.*_plot_\d+/, "");
	}
	function parts(svg, series) {
		const ink = colour(series);
		return Array.from(svg.querySelectorAll("g[id*=_plot_]")).filter(function (g) {
			return g === series || (ink !== null && /_plot_\d+[a-z]*$/.test(g.id) && panel(g) === panel(series) &&
				!g.querySelector("[data-key]") && colour(g) === ink);
		});
	}
	document.querySelectorAll("svg.gnuplot [data-key]").forEach(function (key) {
		const svg = key.closest("svg");
		const series = document.getElementById(key.dataset.key);
		if (!series)
			return;
		function toggle() {
			let off;
			svg.querySelectorAll("[data-key='" + key.dataset.key + "']").forEach(function (part) {
				off = part.classList.toggle("off");
				if (part.hasAttribute("aria-pressed"))
					part.setAttribute("aria-pressed", String(!off));
			});
			parts(svg, series).forEach(function (part) {
				part.querySelectorAll("path, use, polygon, polyline, rect, circle").forEach(function (ink) {
					if (!ink.closest("[data-key]"))
						ink.style.display = off ? "none" : "";
				});
			});
		}
		key.classList.add("key");
		key.addEventListener("click", toggle);
		if (!key.querySelector("text"))
			return;
		key.setAttribute("tabindex", "0");
		key.setAttribute("role", "button");
		key.setAttribute("aria-pressed", "true");
		key.addEventListener("keydown", function (event) {
			if (event.key !== "Enter" && event.key !== " ")
				return;
			event.preventDefault();
			toggle();
		});
	});

	// Points: what a point says stands in its title, which browsers show late and phones never.
	const says = document.createElement("div");
	says.id = "says";
	says.hidden = true;
	says.setAttribute("role", "status");
	document.body.append(says);
	function speak(event) {
		const point = event.target.closest && event.target.closest("svg .point");
		const title = point && point.querySelector("title");
		says.hidden = !title;
		if (!title)
			return;
		says.textContent = title.textContent;
		const left = Math.min(event.pageX + 12, document.documentElement.clientWidth - says.offsetWidth - 8);
		says.style.left = Math.max(8, left) + "px";
		says.style.top = event.pageY + 14 + "px";
	}
	document.addEventListener("mouseover", speak);
	document.addEventListener("click", speak);
})();
