export default function Page() { return <div class="page"><h1>now</h1></div>; }
