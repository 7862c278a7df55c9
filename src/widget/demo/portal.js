// A site with accounts: it hands the chat a signed token for whoever is signed in here.
const who = document.getElementById("who");

async function token() {
  if (!who.value) return null;
  const name = who.selectedOptions[0].textContent;
  const answer = await fetch(`/demo/token?${new URLSearchParams({ sub: who.value, name })}`);
  return (await answer.json()).token;
}

const signIn = () => deskbell.setAuthTokenProvider(token);
who.addEventListener("change", signIn);
if (window.deskbell) signIn();
else addEventListener("deskbell:ready", signIn);
