export default function Page() { return <div class="page"><h1>offers</h1></div>; }
