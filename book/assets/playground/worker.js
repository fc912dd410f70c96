// Where runs are computed: in a worker made of this page's own code; where there is none, on the page in slices.
"use strict";
function workerModule(Learning) {
  // A function that takes the page's orders; receive gets the answers.
  function connect(receive) {
    const parts = { randomModule, networkModule, initialModule, learnModule };
    const source = Object.values(parts).map(String).join("\n") + `
      const random = randomModule(), networks = networkModule(), initial = initialModule(random);
      const answer = learnModule(random, networks, initial).engine((message) => postMessage(message), 40);
      onmessage = ({ data }) => answer(data);`;
    const onPage = () => Learning.engine((message) => setTimeout(receive, 0, structuredClone(message)), 14);
    let answer = null;
    try {
      const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
      const sent = []; // for the page itself, should the worker not start
      let alive = false;
      worker.onmessage = (event) => { alive = true; receive(event.data); };
      worker.onerror = () => { if (!alive && !answer) { answer = onPage(); sent.forEach(answer); } };
      return (order) => {
        if (answer) return answer(order);
        if (!alive) sent.push(order);
        worker.postMessage(order);
      };
    } catch {
      return onPage();
    }
  }

  return { connect };
}
