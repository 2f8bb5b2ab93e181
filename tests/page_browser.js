// Joined to the script of a page by tests/page_browser.sh: clicks, and says what came of it in
// a comment-free line "RESULT name ok|bad" each, as the text of <output>.
(function () {
	"use strict";
	const out = document.createElement("output");
	const lines = [];
	function verdict(name, ok) {
		lines.push("RESULT " + (ok ? "ok " : "bad ") + name);
	}
	function all(selector, of) {
		return Array.from((of || document).querySelectorAll(selector));
	}
	function click(element) {
		element.dispatchEvent(new MouseEvent("click", { bubbles: true }));
	}

	const table = document.querySelector("table.sorts");
	const rows = function () { return all("tbody > tr.row", table); };
	const first = rows()[0];
	const more = first.nextElementSibling;
	verdict("rows are closed", getComputedStyle(more).display === "none");
	click(first.querySelector("button"));
	verdict("a click opens a row", getComputedStyle(more).display !== "none" &&
		first.querySelector("button").getAttribute("aria-expanded") === "true");
	verdict("it has a configuration, seeds and a curve", more.querySelector("details table") &&
		more.querySelectorAll("table").length > 1 && more.querySelector(".curve svg"));
	click(first.querySelector("button"));
	verdict("a click closes it again", getComputedStyle(more).display === "none");

	const heads = table.tHead.rows[table.tHead.rows.length - 1].cells;
	const delta = 1;
	verdict("delta m stands behind the method", heads[delta].textContent.startsWith("Δm"));
	const wide = table.closest(".wide");
	wide.scrollLeft = 150;
	verdict("the method stays in sight",
		Math.abs(first.cells[0].getBoundingClientRect().left - wide.getBoundingClientRect().left) < 2);
	wide.scrollLeft = 0;
	verdict("tables in a row that opens do not stick", all("table td:first-child, table th:first-child", more)
		.every(function (c) { return getComputedStyle(c).position === "static"; }));
	const figures = function () { return rows().map(function (r) { return Number(r.cells[delta].dataset.v); }); };
	function rising(v) {
		return v.length > 1 && v.every(function (x, i) { return !i || v[i - 1] <= x; });
	}
	click(heads[delta].querySelector("button"));
	verdict("a click sorts by figures", rising(figures()) && heads[delta].getAttribute("aria-sort") === "ascending");
	click(heads[delta].querySelector("button"));
	verdict("a second one turns them", rising(figures().reverse()) &&
		heads[delta].getAttribute("aria-sort") === "descending");
	verdict("what a row opens to moves with it", first.nextElementSibling === more);

	const keys = all("svg.gnuplot [data-key][role=button]");
	verdict("keys can be reached by the keyboard", keys.length > 0 &&
		keys.every(function (k) { return k.getAttribute("tabindex") === "0"; }));
	const key = keys[0];
	const ink = key && all("path", document.getElementById(key.dataset.key)).find(function (p) {
		return !p.closest("[data-key]");
	});
	key.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
	verdict("a key hides its series", ink.style.display === "none" && key.getAttribute("aria-pressed") === "false");
	click(key);
	verdict("and shows it again", ink.style.display === "" && key.getAttribute("aria-pressed") === "true");

	const point = document.querySelector("svg.gnuplot .point");
	const mark = point.querySelector("use, text");
	const box = mark.getBoundingClientRect();
	const says = document.getElementById("says");
	mark.dispatchEvent(new MouseEvent("mouseover", { bubbles: true, clientX: box.x, clientY: box.y }));
	verdict("a point says what it is", !says.hidden && says.textContent === point.querySelector("title").textContent &&
		/\d/.test(says.textContent));
	document.body.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
	verdict("and is silent when the pointer has left", says.hidden);

	const silent = ["pareto", "methods", "boxes", "ranks"].filter(function (kind) {
		const plot = document.getElementById("plot-" + kind);
		return plot && !plot.querySelector("svg.gnuplot .point title");
	});
	verdict("no plot is silent" + (silent[0] ? ": " + silent.join(" ") : ""), !silent.length);

	const ids = all("[id]").map(function (x) { return x.id; });
	verdict("an id is there once", new Set(ids).size === ids.length);
	verdict("every picture has words", all("svg").every(function (s) { return (s.getAttribute("aria-label") || "").length > 9; }));
	verdict("every heading of a column says so", all("thead th").every(function (h) { return h.scope; }));
	verdict("the page is as wide as the window", document.documentElement.scrollWidth <= innerWidth);
	verdict("nothing ran that a name brought", !window.ran && !document.querySelector("main script, main img, main iframe"));

	// Contrast of every text of ours with what lies behind it (WCAG: 4.5).
	function light(c) {
		const v = c.match(/[\d.]+/g).slice(0, 3).map(function (x) {
			x = x / 255;
			return x <= 0.03928 ? x / 12.92 : Math.pow((x + 0.055) / 1.055, 2.4);
		});
		return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
	}
	function paper(element) {
		for (let e = element; e; e = e.parentElement) {
			const c = getComputedStyle(e).backgroundColor;
			if (!/, 0\)$|transparent/.test(c))
				return c;
		}
		return matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(0,0,0)" : "rgb(255,255,255)";
	}
	const faint = all("p, td, th, a, h1, h2, code, pre, figcaption, summary, li, button").filter(function (x) {
		const a = light(getComputedStyle(x).color), b = light(paper(x));
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
	});
	verdict("every text stands out from its ground" + (faint[0] ? ": " + faint[0].outerHTML.slice(0, 80) : ""), !faint.length);

	out.textContent = "\n" + lines.join("\n") + "\n";
	document.body.append(out);
	if (parent !== window) // a frame as narrow as a phone, which no window can be
		parent.postMessage(out.textContent, "*");
})();
