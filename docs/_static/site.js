// What Sphinx and the theme leave unsaid to those who have a page read to them, or have no mouse.
document.addEventListener("DOMContentLoaded", () => {
  for (const summary of document.querySelectorAll(".has-children > details > summary")) {
    const link = summary.closest(".has-children").querySelector("a");
    summary.setAttribute("aria-label", `Pages beneath ${link.textContent.trim()}`);
  }
  // A signature of several lines is written as a list of definitions that defines nothing.
  for (const list of document.querySelectorAll("dt > dl")) {
    const lines = [...list.children].map((dd) => `<span class="parameter-line">${dd.innerHTML}</span>`);
    list.outerHTML = lines.join("");
  }
  // An error is one long line, to be read whole; a table keeps its lines.
  for (const pre of document.querySelectorAll(".highlight-output pre"))
    if (pre.textContent.split("\n").some((line) => line.length > 120)) pre.style.whiteSpace = "pre-wrap";
  for (const table of document.querySelectorAll(".cell_output .text_html, .cell_output section.mih, pre"))
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
});
