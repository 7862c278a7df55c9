// What a shop does for its chat: it tells where the customer is. Everything else comes with widget.js.
let basket = 1;

addEventListener("deskbell:ready", () => {
  deskbell.setContextProvider(() => ({ product: document.querySelector("h1").textContent, basket, shop: "shop.example" }));
});

document.querySelector("[data-basket]")?.addEventListener("click", () => {
  basket += 1;
  document.querySelector(".bag").textContent = `Basket: ${basket}`;
});
